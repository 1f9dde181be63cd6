"""Stage the directory that `chalice deploy --project-dir` ships."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from infra.package.precompile import precompile
from infra.package.vendor import compile_file, compile_tree, vendored

APP = "app.py"
LIBRARY = "chalicelib"


def stage(project: Path, into: Path, config: str, cache: Path, for_lambda: bool, chalice_stage: str) -> Path:
    """Build `into` from the project's sources and the Chalice configuration; answers `into`.

    What Chalice remembers there of earlier deployments (`.chalice/deployed`) is kept. `for_lambda` builds for the
    architecture that the configuration names instead of for this machine.
    """
    into.mkdir(parents=True, exist_ok=True)
    for name in (LIBRARY, "vendor", ".chalice/deployments"):
        shutil.rmtree(into / name, ignore_errors=True)
    (into / ".chalice").mkdir(exist_ok=True)
    (into / ".chalice" / "config.json").write_text(config)
    # Dependencies come from vendor/; Chalice would install those named here a second time.
    (into / "requirements.txt").write_text("")

    architecture = architecture_of(json.loads(config), chalice_stage) if for_lambda else None
    dependencies = vendored(project / "requirements.txt", cache, architecture)
    shutil.copytree(dependencies, into / "vendor")

    shutil.copy2(project / APP, into / APP)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "py.typed")
    shutil.copytree(project / LIBRARY, into / LIBRARY, ignore=ignored)
    compile_tree(into / LIBRARY, into)
    # Chalice packages app.py alone, and vendor/ as it is: that is the way in for its bytecode.
    bytecode = into / "vendor" / "__pycache__" / f"app.{sys.implementation.cache_tag}.pyc"
    compile_file(into / APP, bytecode, APP)
    precompile(into)
    return into


def architecture_of(config: dict[str, Any], chalice_stage: str) -> str:
    """The architecture of the functions: the stage's `lambda_architecture`, else the project's, else x86_64."""
    of_stage = (config.get("stages") or {}).get(chalice_stage, {})
    return str(of_stage.get("lambda_architecture") or config.get("lambda_architecture") or "x86_64")
