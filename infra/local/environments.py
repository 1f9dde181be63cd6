"""Make a virtual environment from a requirements file, again only when the file or the interpreter has changed.

`python3 infra/local/environments.py dev|cloud|audit` (standard library only: this is what creates the environments).
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = {
    "dev": ("requirements-dev.txt", "requirements.txt"),
    "cloud": ("infra/local/requirements.txt",),
    "audit": ("infra/local/requirements-audit.txt",),
}


def ensure(name: str) -> Path:
    """The Python of the environment `.venv/<name>`, which is created or renewed first where needed."""
    directory = ROOT / ".venv" / name
    python = directory / "bin" / "python"
    stamp = directory / "requirements.sha256"
    wanted = _fingerprint(name)
    directory.parent.mkdir(exist_ok=True)
    with (directory.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if python.exists() and stamp.exists() and stamp.read_text() == wanted:
            return python
        sys.stderr.write(f"installing {REQUIREMENTS[name][0]} into .venv/{name} ...\n")
        shutil.rmtree(directory, ignore_errors=True)
        venv.create(directory, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        ran = subprocess.run([*pip, "-r", REQUIREMENTS[name][0]], cwd=ROOT, capture_output=True, text=True, check=False)
        if ran.returncode:
            sys.exit(f"pip could not install {REQUIREMENTS[name][0]}:\n{ran.stderr.strip()}")
        stamp.write_text(wanted)
    return python


def _fingerprint(name: str) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for file in REQUIREMENTS[name]:
        digest.update((ROOT / file).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    for chosen in sys.argv[1:]:
        ensure(chosen)
