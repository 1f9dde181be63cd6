"""Deploy a stage to AWS, or remove it, by the steps that bring the local cloud up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import boto3

from infra.local.progress import Progress
from infra.local.stack import LOCAL, ROOT, LocalCloudError
from infra.local.terraform import Terraform
from infra.local.up import CACHE, chalice_deploy, deployed, package_size
from infra.package.build import stage as stage_package

LOCAL_STAGES = ("local", "test")
# What Chalice remembers of a deployment; shared with plain `chalice deploy` in the repository.
DEPLOYED = ROOT / ".chalice" / "deployed"


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
        shutil.rmtree(staged / ".chalice" / "deployed", ignore_errors=True)
        if DEPLOYED.is_dir():
            shutil.copytree(DEPLOYED, staged / ".chalice" / "deployed")
    try:
        chalice_deploy(staged, stage, environment)
    finally:
        if (staged / ".chalice" / "deployed").is_dir():
            shutil.copytree(staged / ".chalice" / "deployed", DEPLOYED, dirs_exist_ok=True)
    urls = [one["rest_api_url"] for one in deployed(staged, stage) if one["resource_type"] == "rest_api"]
    progress.note(f"package of {package_size(staged)}; API {' '.join(urls)}")


def destroy(stage: str) -> None:
    """Delete the functions and the API, then, after Terraform has asked, the infrastructure."""
    environment = _environment(stage)
    terraform = Terraform(stage, environment)
    terraform.init()
    sys.stderr.write(f"This deletes the stage '{stage}' from the account {_account()}. Type its name to go on: ")
    if input().strip() != stage:
        raise LocalCloudError("nothing was deleted")
    region = terraform.outputs().get("region", "")
    environment |= {"AWS_DEFAULT_REGION": region, "AWS_REGION": region} if region else {}
    command = [sys.executable, "-m", "infra.local.chalice_cli", "--project-dir", str(ROOT), "delete", "--stage", stage]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
        raise LocalCloudError("chalice delete did not succeed; nothing else was deleted")
    terraform.destroy()


def _environment(stage: str) -> dict[str, str]:
    if stage in LOCAL_STAGES:
        raise LocalCloudError(f"the stage '{stage}' is for the local cloud: `make up`")
    if os.environ.get("AWS_ENDPOINT_URL"):
        raise LocalCloudError("AWS_ENDPOINT_URL is set, so this would not reach AWS: unset it")
    return dict(os.environ)


def _account() -> str:
    return str(boto3.client("sts").get_caller_identity()["Account"])
