"""Make a virtual environment from a requirements file; bring it up to date when the file has changed, and make it anew
when the interpreter has.

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
    stamp = directory / "installed.sha256"
    wanted = _fingerprints(name)
    directory.parent.mkdir(exist_ok=True)
    with (directory.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = stamp.read_text().split() if stamp.exists() and python.exists() else []
        if known == wanted:
            return python
        sys.stderr.write(f"installing {REQUIREMENTS[name][0]} into .venv/{name} ...\n")
        if known[:1] != wanted[:1]:
            shutil.rmtree(directory, ignore_errors=True)
            venv.create(directory, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        ran = subprocess.run([*pip, "-r", REQUIREMENTS[name][0]], cwd=ROOT, capture_output=True, text=True, check=False)
        if ran.returncode:
            sys.exit(f"pip could not install {REQUIREMENTS[name][0]}:\n{ran.stderr.strip()}")
        stamp.write_text(" ".join(wanted))
    return python


def _fingerprints(name: str) -> list[str]:
    """Of the interpreter and of the requirements."""
    files = b"".join((ROOT / file).read_bytes() for file in REQUIREMENTS[name])
    return [hashlib.sha256(content).hexdigest() for content in (sys.version.encode(), files)]


if __name__ == "__main__":
    for chosen in sys.argv[1:]:
        ensure(chosen)
