"""Shipped as `_precompiled.py`: gives out code that was compiled when the package was built.

What it loads lies beside it in the same package, and whoever can change that can change this.
"""

import dataclasses
import marshal
import re
import typing
from importlib import import_module
from pathlib import Path
from typing import Any

sre: Any = import_module("_sre")
patterns_module: Any = import_module("re._compiler")
made_for, scripts, expressions, patterns = marshal.loads(Path(__file__).with_suffix(".bin").read_bytes())  # noqa: S302 # nosec B302
compile_pattern = patterns_module.compile


def run(text: Any, *scope: Any) -> None:
    """`exec`, for `dataclasses`."""
    code = scripts.get(text)
    exec(marshal.loads(code) if code else text, *scope)  # noqa: S102, S302 # nosec B102 B302


def expression(text: Any, name: Any, mode: str, *rest: Any, **more: Any) -> Any:
    """`compile`, for `typing`."""
    code = expressions.get(text) if mode == "eval" else None
    return marshal.loads(code) if code else compile(text, name, mode, *rest, **more)  # noqa: S302 # nosec B302


def pattern(text: Any, flags: int = 0) -> re.Pattern[Any]:
    """`re._compiler.compile`, for `re`."""
    known = patterns.get((type(text).__name__, text, int(flags))) if type(text) in (str, bytes) else None
    found: re.Pattern[Any] = sre.compile(text, *known) if known else compile_pattern(text, flags)
    return found


if made_for == (import_module("_frozen_importlib_external").MAGIC_NUMBER, sre.MAGIC):
    # A global of a module stands before the built-in function of that name.
    vars(dataclasses)["exec"] = run
    vars(typing)["compile"] = expression
    patterns_module.compile = pattern
