"""Bring a stack up: emulator, infrastructure, application, users. Each step is skipped while its inputs are unchanged."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from infra.local import after_deploy, emulator, environments, localstack, users
from infra.local.clients import client
from infra.local.progress import Progress
from infra.local.stack import (
    DEFAULT_REGION,
    LOCAL,
    ROOT,
    STATE_MACHINES,
    TERRAFORM,
    LocalCloudError,
    Options,
    Stack,
    fingerprint,
)
from infra.local.terraform import Terraform
from infra.package.build import stage as stage_package

CACHE = LOCAL / "cache"
PACKAGING = ROOT / "infra" / "package"
AFTER_DEPLOY = [ROOT / "infra" / "local" / name for name in ("after_deploy.py", "gateway_responses.py")]

Record = dict[str, Any]


def up(stack: Stack, options: Options, progress: Progress) -> Record:
    """Bring the stack up to date with the sources and answer its record, which is also in its `stack.json`."""
    with stack.locked():
        _keep_to_its_stage(stack, options)
        region = region_of(options.stage)
        interrupted = stack.applying.exists()
        endpoint, instance = _emulator(stack, options, region, progress)
        try:
            return _deploy_into(stack, options, region, endpoint, instance, progress)
        except LocalCloudError:
            if not interrupted or options.emulator != "ministack" or options.persist:
                raise
        # An earlier command was ended inside an apply, so the emulator holds what Terraform does not know of.
        progress.note("an interrupted start left something half made; beginning anew")
        emulator.stop(stack)
        stack.forget_deployment()
        endpoint, instance = _emulator(stack, options, region, progress)
        return _deploy_into(stack, options, region, endpoint, instance, progress)


def _keep_to_its_stage(stack: Stack, options: Options) -> None:
    """Raise when the running stack is of another stage: all of it would be replaced, under names that functions hold."""
    if not stack.record_file.exists() or emulator.running(stack) is None:
        return
    stage = stack.record()["stage"]
    if stage != options.stage:
        raise LocalCloudError(
            f"the stack '{stack.name}' runs stage '{stage}': `make down` first, or bring up another with AISLE_STACK=<name>"
        )


def region_of(stage: str) -> str:
    """The region that a stage's variables name, else the default of `variables.tf`."""
    file = TERRAFORM / "env" / f"{stage}.tfvars"
    named = re.search(r'^\s*region\s*=\s*"([^"]+)"', file.read_text(), re.MULTILINE) if file.exists() else None
    return named.group(1) if named else DEFAULT_REGION


def _emulator(stack: Stack, options: Options, region: str, progress: Progress) -> tuple[str, str]:
    if options.emulator == "localstack":
        endpoint = localstack.endpoint()
        with progress.step("emulator") as step:
            step.done(localstack.check(endpoint))
        return endpoint, f"localstack {endpoint}"
    with progress.step("emulator") as step:
        found = emulator.running(stack)
        wanted = (options.persist, options.iam, region, emulator.wrapper())
        if found and (found.persist, found.iam, found.region, found.wrapper) == wanted:
            step.unchanged(found.endpoint)
        else:
            step.says("installing" if not (ROOT / ".venv" / "cloud").exists() else "starting")
            found = emulator.start(stack, options, region, environments.ensure("cloud"))
            stack.forget_done()
            step.done(found.endpoint)
    return found.endpoint, found.instance


def _deploy_into(
    stack: Stack, options: Options, region: str, endpoint: str, instance: str, progress: Progress
) -> Record:
    environment = emulator.local_environment(endpoint, region)
    where = f"{instance} {endpoint} {options.stage}"
    outputs = _infrastructure(stack, options, environment, where, progress)
    application = _application(stack, options, environment, where, outputs["chalice_config"], progress)
    record = _record(stack, options, endpoint, outputs)
    with progress.step("after deploy") as step:
        inputs = fingerprint([TERRAFORM, *AFTER_DEPLOY], application, record["api_url"])
        if stack.is_done("after deploy", inputs):
            step.unchanged()
        else:
            after_deploy.finish(deployed(stack.app, options.stage), outputs, record["api_url"], partial(client, record))
            stack.mark_done("after deploy", inputs)
            step.done()
    with progress.step("users") as step:
        inputs = fingerprint([], where, record["user_pool_id"], record["client_id"])
        if stack.is_done("users", inputs) and stack.record_file.exists():
            earlier = stack.record()
            record.update({name: earlier[name] for name in ("users", "machine") if name in earlier})
            step.unchanged()
        else:
            record.update(users.create(record))
            stack.mark_done("users", inputs)
            step.done(", ".join(users.ROLES))
    stack.write_record(record)
    return record


def _infrastructure(
    stack: Stack, options: Options, environment: dict[str, str], where: str, progress: Progress
) -> Record:
    saved = stack.directory / "outputs.json"
    with progress.step("infrastructure") as step:
        inputs = fingerprint([TERRAFORM, STATE_MACHINES], where)
        if stack.is_done("infrastructure", inputs) and saved.exists():
            step.unchanged()
            return dict(json.loads(saved.read_text()))
        terraform = Terraform(options.stage, environment, stack)
        step.says("terraform init")
        terraform.init()
        step.says("terraform apply")
        stack.applying.touch()
        try:
            terraform.apply(step.says)
        except LocalCloudError:
            stack.applying.unlink()  # Terraform came to its end and knows what it made
            raise
        stack.applying.unlink()
        outputs = terraform.outputs()
        saved.write_text(json.dumps(outputs))
        saved.chmod(0o600)
        stack.mark_done("infrastructure", inputs)
        step.done()
    return outputs


def _application(
    stack: Stack, options: Options, environment: dict[str, str], where: str, config: str, progress: Progress
) -> str:
    """Deploy the application where it has changed; the fingerprint of what it is made of."""
    sources = [ROOT / "app.py", ROOT / "chalicelib", ROOT / "requirements.txt", PACKAGING]
    inputs = fingerprint(sources, where, config)
    with progress.step("application") as step:
        if stack.is_done("application", inputs) and deployed(stack.app, options.stage):
            step.unchanged()
            return inputs
        step.says("packaging")
        stage_package(ROOT, stack.app, config, CACHE, False, options.stage)
        step.says("chalice deploy")
        chalice_deploy(stack.app, options.stage, environment, stack.directory / "chalice.log")
        stack.mark_done("application", inputs)
        step.done(f"package of {package_size(stack.app)}")
    return inputs


def chalice_deploy(staged: Path, stage: str, environment: dict[str, str], log: Path | None = None) -> None:
    """Run the real `chalice deploy` on a staged directory; with a log its words go there."""
    command = [sys.executable, "-m", "infra.local.chalice_cli", "--project-dir", str(staged), "deploy"]
    command += ["--stage", stage]
    if log is None:
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
            raise LocalCloudError("chalice deploy failed")
        return
    with log.open("w") as file:
        # In a session of its own it does not hear Ctrl-C: Chalice writes down what it made at its end only.
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            process.wait()
        except KeyboardInterrupt:
            process.wait(60)
            raise
    if process.returncode:
        tail = "\n".join(log.read_text().strip().splitlines()[-8:])
        raise LocalCloudError(f"chalice deploy failed (log: {log}):\n{tail}")


def deployed(staged: Path, stage: str) -> list[Record]:
    """What Chalice remembers to have deployed from a staged directory."""
    try:
        return list(json.loads((staged / ".chalice" / "deployed" / f"{stage}.json").read_text())["resources"])
    except FileNotFoundError:
        return []


def package_size(staged: Path) -> str:
    """The size of the deployment package, e.g. `5.8 MB`."""
    sizes = [package.stat().st_size for package in (staged / ".chalice" / "deployments").glob("*.zip")]
    return f"{max(sizes, default=0) / 1e6:.1f} MB"


def _record(stack: Stack, options: Options, endpoint: str, outputs: Record) -> Record:
    api = next((one for one in deployed(stack.app, options.stage) if one["resource_type"] == "rest_api"), None)
    if api is None:
        raise LocalCloudError("chalice deploy created no REST API: the application has no routes")
    gateway_stage = api["rest_api_url"].rstrip("/").rpartition("/")[2]
    record = {
        "name": stack.name,
        "stage": options.stage,
        "emulator": options.emulator,
        "api_url": f"{endpoint}/_aws/execute-api/{api['rest_api_id']}/{gateway_stage}",
        "endpoint_url": endpoint,
        "region": region_of(options.stage),
        **{name: value for name, value in outputs.items() if name not in ("chalice_config", "machine_client_secret")},
    }
    if outputs.get("machine_client_id"):
        record["machine"] = {
            "client_id": outputs["machine_client_id"],
            "client_secret": outputs["machine_client_secret"],
        }
    running = emulator.running(stack)
    if running is not None:
        record["mqtt"] = {
            "host": "127.0.0.1",
            "port": running.iot_port,
            "ca_url": f"{endpoint}/_ministack/iot/ca.pem",
        }
    return record
