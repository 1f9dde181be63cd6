"""Who may know whom. What import-linter cannot say (its contracts are in pyproject.toml) is said here."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTEXTS = sorted(
    path.parent.name for path in (ROOT / "chalicelib").glob("*/__init__.py") if path.parent.name != "core"
)
MODULES = sorted((ROOT / "chalicelib").rglob("*.py"))
RIMS = {"routes", "consumers", "tasks", "schemas"}
PURE_CORE = {f"chalicelib.core.{name}" for name in ("auth", "clock", "currencies", "errors", "findings", "money")}
"""Values and rules that need nothing but the standard library themselves."""


def imports_of(path):
    """Dotted names of the modules that a file imports, wherever in it; those for type checkers only, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import absolutely"
            yield node.module
            if node.module.count(".") == 1 and node.module.startswith("chalicelib."):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", [path for path in MODULES if "domain" in path.parts[-1]], ids=name_of)
def test_a_domain_needs_only_the_standard_library(path):
    own = name_of(path).rsplit(".", 1)[0]
    foreign = {
        name
        for name in imports_of(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and name not in PURE_CORE
        and not name.startswith(f"{own}.")
        and name != "chalicelib.core"
    }
    assert foreign == set()


@pytest.mark.parametrize("context", CONTEXTS)
def test_another_context_is_reached_through_its_service(context):
    reached = set()
    for path in (ROOT / "chalicelib" / context).rglob("*.py"):
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] == "chalicelib" and len(parts) > 2 and parts[1] not in (context, "core"):
                reached.add((name_of(path), parts[1], parts[2]))
    assert {reach for reach in reached if reach[2] != "service" and not _shares_words(reach)} == set()


def _shares_words(reach):
    """A rim may name another context's domain errors and states, to declare what it answers."""
    importer, _, room = reach
    return importer.split(".")[2] in RIMS and room == "domain"


def test_the_services_form_no_circle():
    knows: dict[str, set[str]] = {context: set() for context in CONTEXTS}
    for context in CONTEXTS:
        for path in (ROOT / "chalicelib" / context).rglob("*.py"):
            if name_of(path).split(".")[2:3] and name_of(path).split(".")[2] in RIMS:
                continue
            for name in imports_of(path):
                parts = name.split(".")
                if parts[0] == "chalicelib" and len(parts) > 1 and parts[1] in knows and parts[1] != context:
                    knows[context].add(parts[1])
    ready: set[str] = set()
    while waiting := {context for context in CONTEXTS if context not in ready}:
        free = {context for context in waiting if knows[context] <= ready}
        assert free, f"these know each other: { {context: knows[context] for context in waiting} }"
        ready |= free


def test_nothing_but_settings_reads_the_environment():
    readers = {
        name_of(path)
        for path in MODULES
        if any(
            isinstance(node, ast.Attribute)
            and node.attr in {"environ", "getenv"}
            and getattr(node.value, "id", "") == "os"
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }
    assert readers == {"chalicelib.core.settings"}


def test_import_linter_agrees():
    from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml")) == EXIT_STATUS_SUCCESS
