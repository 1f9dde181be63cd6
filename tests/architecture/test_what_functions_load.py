"""A cold start loads what a function imports: of another context its public face (`service/__init__`), not how it works."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = [
    f"chalicelib.{context}.{rim}"
    for context in ("ledger", "notifications", "orders", "payments", "returns", "taxes", "webhooks")
    for rim in ("consumers", "tasks")
    if (ROOT / "chalicelib" / context / f"{rim}.py").exists()
]
VALIDATORS = {"iso3166", "phonenumbers", "stdnum"}
"""What checks the words of suppliers; a twentieth of a second."""

LOADED = "import json, sys; import {}; print(json.dumps(sorted(sys.modules)))"


def loaded_by(function: str) -> set[str]:
    """The modules that are there once a function is imported, and nothing else."""
    ran = subprocess.run([sys.executable, "-c", LOADED.format(function)], cwd=ROOT, capture_output=True, check=True)
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_who_only_asks_who_sells_loads_nothing_of_how_the_marketplace_works(function: str) -> None:
    loaded = loaded_by(function)
    assert function in loaded
    assert loaded & VALIDATORS == set()
    own = function.rpartition(".")[0]
    assert {name for name in loaded if name.endswith(".use_cases") and not name.startswith(own)} == set()


def test_who_verifies_suppliers_does_load_it() -> None:
    assert "stdnum" in loaded_by("chalicelib.suppliers.tasks")
