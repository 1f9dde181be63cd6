"""Deploy a stage to AWS, or remove it, by the steps that bring the local cloud up."""

from __future__ import annotations

import base64
import contextlib
import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3

from infra.local.after_deploy import finish
from infra.local.progress import Progress
from infra.local.stack import LOCAL, ROOT, LocalCloudError
from infra.local.terraform import Terraform
from infra.local.up import CACHE, chalice_deploy, deployed, package_size
from infra.package.build import stage as stage_package

LOCAL_STAGES = ("local", "test")


def deploy(stage: str, approve: bool, progress: Progress) -> None:
    """Apply the infrastructure (asking first unless `approve`), then package and deploy the application."""
    environment = _environment(stage)
    terraform = Terraform(stage, environment)
    with progress.step("terraform init"):
        terraform.init()
    terraform.apply(approve=approve)
    outputs = terraform.outputs()
    environment |= {"AWS_DEFAULT_REGION": outputs["region"], "AWS_REGION": outputs["region"]}
    config = ROOT / ".chalice" / "config.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(outputs["chalice_config"])
    staged = LOCAL / "aws" / stage
    with progress.step("package"):
        stage_package(ROOT, staged, outputs["chalice_config"], CACHE, True, stage)
    memory = Memory(stage, _client("ssm", environment))
    memory.recall(staged)
    try:
        chalice_deploy(staged, stage, environment)
    finally:
        memory.keep(staged)
    url = _finish(staged, stage, outputs, environment)
    progress.note(f"package of {package_size(staged)}; API {url}")


def after_deploy(stage: str) -> None:
    """Do what comes after `chalice deploy`, when that was run by hand in the repository."""
    environment = _environment(stage)
    if not deployed(ROOT, stage):
        raise LocalCloudError(
            f".chalice/deployed/{stage}.json is missing: `chalice deploy --stage {stage}` comes first"
        )
    terraform = Terraform(stage, environment)
    terraform.init()
    outputs = terraform.outputs()
    _finish(ROOT, stage, outputs, environment | {"AWS_REGION": outputs["region"]})


def _finish(project: Path, stage: str, outputs: dict[str, Any], environment: dict[str, str]) -> str:
    resources = deployed(project, stage)
    url = next(str(one["rest_api_url"]) for one in resources if one["resource_type"] == "rest_api")
    finish(resources, outputs, url.rstrip("/"), lambda service: _client(service, environment))
    return url


def destroy(stage: str) -> None:
    """Delete the functions and the API, then, after Terraform has asked, the infrastructure."""
    environment = _environment(stage)
    terraform = Terraform(stage, environment)
    terraform.init()
    outputs = terraform.outputs()
    if not outputs:
        raise LocalCloudError(f"Terraform knows of nothing in the stage '{stage}'")
    environment |= {"AWS_DEFAULT_REGION": outputs["region"], "AWS_REGION": outputs["region"]}
    account = _client("sts", environment).get_caller_identity()["Account"]
    sys.stderr.write(f"This deletes the stage '{stage}' from the account {account}. Type its name to go on: ")
    if input().strip() != stage:
        raise LocalCloudError("nothing was deleted")
    staged = LOCAL / "aws" / stage
    stage_package(ROOT, staged, outputs["chalice_config"], CACHE, True, stage)
    memory = Memory(stage, _client("ssm", environment))
    memory.recall(staged)
    command = [sys.executable, "-m", "infra.local.chalice_cli", "--project-dir", str(staged), "delete"]
    if subprocess.run([*command, "--stage", stage], cwd=ROOT, env=environment, check=False).returncode:
        raise LocalCloudError("chalice delete did not succeed; nothing else was deleted")
    memory.forget()
    terraform.destroy()


class Memory:
    """What Chalice has deployed, kept in the stage's own account.

    Chalice remembers the ids of the API and of its event sources in a file. On a machine without that file it would
    create a second API and fail on the event sources, so the file lives in a parameter that any machine can read.
    """

    def __init__(self, stage: str, ssm: Any) -> None:
        self._parameter = f"/aisle/{stage}/chalice-deployed"
        self._file = Path(".chalice") / "deployed" / f"{stage}.json"
        self._ssm = ssm

    def recall(self, staged: Path) -> None:
        with contextlib.suppress(self._ssm.exceptions.ParameterNotFound):
            value = self._ssm.get_parameter(Name=self._parameter)["Parameter"]["Value"]
            (staged / self._file).parent.mkdir(parents=True, exist_ok=True)
            (staged / self._file).write_bytes(gzip.decompress(base64.b64decode(value)))

    def keep(self, staged: Path) -> None:
        if (staged / self._file).exists():
            value = base64.b64encode(gzip.compress((staged / self._file).read_bytes(), mtime=0)).decode()
            self._ssm.put_parameter(Name=self._parameter, Value=value, Type="String", Overwrite=True)

    def forget(self) -> None:
        with contextlib.suppress(self._ssm.exceptions.ParameterNotFound):
            self._ssm.delete_parameter(Name=self._parameter)


def _environment(stage: str) -> dict[str, str]:
    if stage in LOCAL_STAGES:
        raise LocalCloudError(f"the stage '{stage}' is for the local cloud: `make up`")
    if os.environ.get("AWS_ENDPOINT_URL"):
        raise LocalCloudError("AWS_ENDPOINT_URL is set, so this would not reach AWS: unset it")
    return dict(os.environ)


def _client(service: str, environment: dict[str, str]) -> Any:
    session: Any = boto3.session.Session(region_name=environment["AWS_REGION"])
    return session.client(service)
