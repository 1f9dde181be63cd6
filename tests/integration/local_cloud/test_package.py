"""The staged package: complete, compiled, small, and what the real `chalice` packager ships."""

import json
import marshal
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local.stack import LOCAL, ROOT
from infra.package import AWS_SERVICES
from infra.package.build import architecture_of, stage

CONFIG = json.dumps({"version": "2.0", "app_name": "aisle", "stages": {"prod": {"manage_iam_role": False}}})
APP = "from chalice import Chalice\nfrom chalicelib import orders\n\napp = Chalice(app_name='aisle')\n"
ORDERS = """
import re
from dataclasses import dataclass
from typing import TypedDict

SKU = re.compile(r"[a-z]+-(?P<number>\\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Order:
    sku: str
    units: int = 1


class Row(TypedDict):
    order: "Order | None"
"""
TAG = sys.implementation.cache_tag


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """What Chalice makes of a staged project that has this repository's dependencies."""
    project = tmp_path_factory.mktemp("project")
    (project / "chalicelib").mkdir()
    (project / "chalicelib" / "__init__.py").write_text("import _precompiled\n")
    (project / "chalicelib" / "orders.py").write_text(ORDERS)
    (project / "app.py").write_text(APP)
    (project / "requirements.txt").write_text((ROOT / "requirements.txt").read_text())
    staged = stage(project, project / "staged", CONFIG, LOCAL / "cache", True, "prod")
    from chalice.config import Config
    from chalice.deploy.packager import DependencyBuilder, LambdaDeploymentPackager
    from chalice.utils import UI, OSUtils

    system = OSUtils()
    packager = LambdaDeploymentPackager(system, DependencyBuilder(system, "x86_64"), UI())
    made = packager.create_deployment_package(str(staged), Config.create().lambda_python_version)
    return zipfile.ZipFile(made)


def test_it_is_small(package: zipfile.ZipFile) -> None:
    assert package.filename is not None
    assert Path(package.filename).stat().st_size < 7_000_000


def test_everything_is_compiled_for_use_without_its_source(package: zipfile.ZipFile) -> None:
    names = set(package.namelist())
    for bytecode in (
        f"__pycache__/app.{TAG}.pyc",
        f"chalice/__pycache__/app.{TAG}.pyc",
        f"chalice/__pycache__/__init__.{TAG}.pyc",
        f"chalicelib/__pycache__/orders.{TAG}.pyc",
        "pynamodb/models.pyc",
    ):
        assert bytecode in names
        # Flags of PEP 552: 1 = by hash, and not 2 = look at the source.
        assert package.read(bytecode)[4:8] == b"\x01\x00\x00\x00"
    assert {"app.py", "chalicelib/orders.py", "chalice/app.py"} <= names
    assert len(names) == len(package.namelist())


def test_it_holds_the_data_of_the_declared_services_only(package: zipfile.ZipFile) -> None:
    shipped = {
        name.split("/")[2] for name in package.namelist() if name.startswith("botocore/data/") and name.count("/") > 2
    }
    assert shipped == AWS_SERVICES


def test_it_runs_on_its_own(package: zipfile.ZipFile, tmp_path: Path) -> None:
    package.extractall(tmp_path)
    program = """
import sys
sys.path[:] = [sys.argv[1]] + [entry for entry in sys.path if "site-packages" not in entry]
import app, aws_lambda_powertools, aws_xray_sdk.core, botocore.session, pydantic, pynamodb.models, ulid
session = botocore.session.get_session()
for service in sys.argv[2:]:
    session.create_client(service, region_name="eu-west-1")
try:
    session.create_client("ec2", region_name="eu-west-1")
except Exception as error:
    print(type(error).__name__)
print(pynamodb.models.Model.query.__func__.__code__.co_filename)
print(pynamodb.models.__file__.startswith(sys.argv[1]))
"""
    command = [sys.executable, "-c", program, str(tmp_path), *sorted(AWS_SERVICES)]
    environment = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.split() == ["UnknownServiceError", "/var/task/pynamodb/models.py", "True"], ran.stderr


PROBE = """
import sys
sys.path[:] = [sys.argv[1]] + [entry for entry in sys.path if "site-packages" not in entry]
import dataclasses, re, typing
import _precompiled
from chalicelib import orders
order = orders.Order("A-1", 2)
try:
    order.units = 3
except dataclasses.FrozenInstanceError:
    print("frozen")
print(order == orders.Order("A-1", 2), hash(order) == hash(orders.Order("A-1", 2)), order)
print(orders.SKU.fullmatch("THING-12")["number"], orders.SKU.flags == re.compile("", re.I).flags)
print(typing.get_type_hints(orders.Row)["order"])
print(dataclasses.__dict__.get("exec") is _precompiled.run)
"""
BEHAVES = """\
frozen
True True Order(sku='A-1', units=2)
12 True
chalicelib.orders.Order | None
"""


def _probe(package: zipfile.ZipFile, directory: Path, change: Callable[[Path], None]) -> str:
    package.extractall(directory)
    change(directory / "_precompiled.bin")
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, str(directory)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_what_was_compiled_ahead_behaves_as_compiled_here(package: zipfile.ZipFile, tmp_path: Path) -> None:
    assert _probe(package, tmp_path, lambda _: None) == f"{BEHAVES}True\n"


def test_what_was_compiled_for_another_python_is_left_alone(package: zipfile.ZipFile, tmp_path: Path) -> None:
    def of_another(file: Path) -> None:
        _, *rest = marshal.loads(file.read_bytes())
        file.write_bytes(marshal.dumps(((b"another", 0), *rest)))

    assert _probe(package, tmp_path, of_another) == f"{BEHAVES}False\n"


def test_all_that_the_application_compiles_was_compiled_ahead(package: zipfile.ZipFile, tmp_path: Path) -> None:
    package.extractall(tmp_path)
    scripts, expressions, patterns = marshal.loads((tmp_path / "_precompiled.bin").read_bytes())[1:]
    assert [text for text in scripts if "Order" in text or "units" in text]
    assert "Order | None" in expressions
    assert ("str", r"[a-z]+-(?P<number>\d+)", re.IGNORECASE) in patterns


@pytest.mark.parametrize(
    ("config", "architecture"),
    [
        ({}, "x86_64"),
        ({"lambda_architecture": "arm64"}, "arm64"),
        ({"lambda_architecture": "arm64", "stages": {"prod": {"lambda_architecture": "x86_64"}}}, "x86_64"),
    ],
    ids=["default", "project", "stage"],
)
def test_the_architecture_is_the_stages(config: dict[str, object], architecture: str) -> None:
    assert architecture_of(config, "prod") == architecture


def test_staging_again_keeps_what_chalice_remembers(tmp_path: Path) -> None:
    (tmp_path / "chalicelib").mkdir()
    (tmp_path / "app.py").write_text("")
    (tmp_path / "requirements.txt").write_text((ROOT / "requirements.txt").read_text())
    staged = stage(tmp_path, tmp_path / "staged", CONFIG, LOCAL / "cache", False, "prod")
    deployed = staged / ".chalice" / "deployed"
    deployed.mkdir()
    (deployed / "prod.json").write_text("{}")
    (staged / "chalicelib" / "gone.py").write_text("")
    stage(tmp_path, staged, CONFIG, LOCAL / "cache", False, "prod")
    assert (deployed / "prod.json").exists()
    assert not (staged / "chalicelib" / "gone.py").exists()
    assert (staged / "requirements.txt").read_text() == ""
