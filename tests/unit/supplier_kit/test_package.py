"""The kit can be installed by itself, and needs nothing of Aisle."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from aisle_supplier import VERSION, signing

KIT = Path(__file__).parents[3] / "supplier_kit"
PROJECT = tomllib.loads((KIT / "pyproject.toml").read_text())["project"]
IMPORTED_AS = {"python-ulid": "ulid"}


def test_it_installs_with_its_commands(tmp_path):
    copy = shutil.copytree(KIT, tmp_path / "kit", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    ran = subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--target", str(target), str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert (target / "aisle_supplier" / "py.typed").exists()
    environment = {**os.environ, "PYTHONPATH": str(target)}
    for command in PROJECT["scripts"]:
        asked = [str(target / "bin" / command), "--help"]
        helped = subprocess.run(asked, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
        assert helped.returncode == 0, helped.stderr
        assert helped.stdout.startswith(f"usage: {command} ")


def test_it_imports_only_what_it_says_that_it_needs():
    declared = {name.partition(">")[0] for name in PROJECT["dependencies"]}
    imported = set()
    for path in KIT.rglob("aisle_supplier/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.partition(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"aisle_supplier"}
    assert foreign == {IMPORTED_AS.get(name, name) for name in declared}


def test_the_sample_of_the_guide_verifies():
    [sample] = re.findall(r"```python\n(.*?)```", (KIT / "README.md").read_text(), flags=re.DOTALL)
    secret, body = signing.new_secret(), '{"name": "Þórbjörg"}'.encode()
    names = {"SECRETS": [signing.new_secret(), secret]}
    exec(sample, names)  # noqa: S102 - our own
    signed = signing.headers(secret, "ful_1", body)
    assert names["is_from_aisle"](signed, body)
    assert not names["is_from_aisle"](signed, body + b" ")
    assert not names["is_from_aisle"]({}, body)
    assert not names["is_from_aisle"]({**signed, "webhook-signature": "v1"}, body)


def test_it_tells_its_version():
    assert PROJECT["version"] == VERSION
