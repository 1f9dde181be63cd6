"""What Python would compile at every cold start, compiled when the package is built (docs/adr/0006).

Bytecode covers modules, but three things are compiled from text while modules run: the methods of dataclasses, annotations
given as strings (a thousand of them in `pydantic_core.core_schema` alone), and regular expressions. Here the application is
imported once, what gets compiled is kept by its text, and `vendor/_precompiled.py`, which `chalicelib/__init__.py`
imports first, looks there before it compiles. What is not found is compiled as ever, so a package without it, or one that
runs on another Python, only starts more slowly.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.package.vendor import PackagingError, compile_file

HERE = Path(__file__).parent
LOADER = "_precompiled"


def precompile(staged: Path) -> None:
    """Add the loader and what it looks up to a staged package.

    Imports the application with the libraries of this interpreter, which have the versions that are shipped, so that a
    package for another architecture can be built here.
    """
    loader = staged / "vendor" / f"{LOADER}.py"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONHASHSEED": "0",  # the same package every time
        "AISLE_STAGE": "build",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }
    command = [sys.executable, "-B", str(HERE / "recorder.py"), str(staged), str(loader.with_suffix(".bin"))]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise PackagingError(f"the staged application could not be imported:\n{ran.stderr[-2000:]}")
    shutil.copy2(HERE / "loader.py", loader)
    bytecode = loader.parent / "__pycache__" / f"{LOADER}.{sys.implementation.cache_tag}.pyc"
    compile_file(loader, bytecode, loader.name)
