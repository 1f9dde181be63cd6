"""`python recorder.py STAGED FILE`: import the application in STAGED and keep in FILE what was compiled from text.

FILE holds, marshalled: the versions of bytecode and of compiled patterns, code objects by the text of dataclass methods,
code objects by the text of annotations, and the arguments of `_sre.compile` by (type, text, flags) of patterns.
"""

import builtins
import dataclasses
import marshal
import re
import sys
import types
import typing
from importlib import import_module
from pathlib import Path
from typing import Any

# Version 2 has no back references, which depend on reference counts: the same code gives the same bytes.
MARSHAL = 2

sre: Any = import_module("_sre")
patterns_module: Any = import_module("re._compiler")
compile_pattern = patterns_module.compile

scripts: dict[str, bytes] = {}
expressions: dict[str, bytes] = {}
patterns: dict[tuple[str, Any, int], tuple[Any, ...]] = {}
last: list[tuple[Any, ...]] = []


def run(text: Any, *scope: Any) -> None:
    code = compile(text, "<string>", "exec")
    scripts[text] = marshal.dumps(code, MARSHAL)
    builtins.exec(code, *scope)  # noqa: S102


def expression(text: Any, name: Any, mode: str, *rest: Any, **more: Any) -> Any:
    code = builtins.compile(text, name, mode, *rest, **more)
    if mode == "eval":
        expressions[text] = marshal.dumps(code, MARSHAL)
    return code


class Sre:
    """`_sre`, heard."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sre, name)

    def compile(self, text: Any, flags: int, code: list[int], groups: int, names: Any, numbers: Any) -> Any:
        last[:] = [(int(flags), [int(one) for one in code], int(groups), dict(names), tuple(numbers))]
        return sre.compile(text, flags, code, groups, names, numbers)


def pattern(text: Any, flags: int = 0) -> re.Pattern[Any]:
    made: re.Pattern[Any] = compile_pattern(text, flags)
    if type(text) in (str, bytes):
        patterns[type(text).__name__, text, int(flags)] = last[0]
    return made


def listen() -> None:
    vars(dataclasses)["exec"] = run
    vars(typing)["compile"] = expression
    patterns_module._sre = Sre()
    patterns_module.compile = pattern
    sys.modules["_precompiled"] = types.ModuleType(
        "_precompiled"
    )  # a package that is built again takes none of the old
    re.purge()


def note_earlier_patterns() -> None:
    """Patterns of modules that were imported before this one listened."""
    for module in list(sys.modules.values()):
        for value in list(getattr(module, "__dict__", {}).values()):
            if isinstance(value, re.Pattern):
                given = value.flags & ~re.UNICODE if isinstance(value.pattern, str) else value.flags
                pattern(value.pattern, given)


def main(staged: str, file: str) -> None:
    sys.path.insert(0, staged)
    listen()
    import_module("app")
    session: Any = import_module("botocore.session")
    session.get_session().create_client("dynamodb")
    note_earlier_patterns()
    versions = (import_module("_frozen_importlib_external").MAGIC_NUMBER, sre.MAGIC)
    Path(file).write_bytes(marshal.dumps((versions, scripts, expressions, patterns), MARSHAL))


if __name__ == "__main__":
    main(*sys.argv[1:])
