"""Terraform: which provider it uses, and applying the infrastructure of a stage."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.local.stack import LOCAL, STATE_MACHINES, TERRAFORM, LocalCloudError, Stack

# Queues and buckets are slow for the provider to confirm, and wait beside one another.
PARALLELISM = 30

PROVIDER = Path("registry.terraform.io/hashicorp/aws")
# Terraform looks into these on its own.
IMPLIED_MIRRORS = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins")

OVERRIDE = "backend_override.tf"
LOCK = ".terraform.lock.hcl"

Environment = dict[str, str]
Report = Callable[[str], None]


def provider_environment() -> Environment:
    """The variables that lead Terraform to the AWS provider.

    TF_PLUGIN_DIR names a directory that holds `registry.terraform.io/hashicorp/aws/...`; without it such a directory is
    looked for below /opt; without that, Terraform's own rules decide, which end at the registry.
    """
    cache = LOCAL / "cache" / "terraform-plugins"
    cache.mkdir(parents=True, exist_ok=True)
    found: Environment = {"TF_PLUGIN_CACHE_DIR": os.environ.get("TF_PLUGIN_CACHE_DIR", str(cache))}
    mirror = _mirror()
    if mirror is not None:
        config = LOCAL / "terraform.rc"
        text = (
            "# Written by infra/local/terraform.py: the AWS provider comes from a directory of this machine.\n"
            "provider_installation {\n"
            f'  filesystem_mirror {{\n    path    = "{mirror}"\n    include = ["{PROVIDER}"]\n  }}\n'
            f'  direct {{\n    exclude = ["{PROVIDER}"]\n  }}\n'
            "}\n"
        )
        if not config.exists() or config.read_text() != text:
            config.write_text(text)
        found["TF_CLI_CONFIG_FILE"] = str(config)
        # A mirror is linked, not copied, and a cache beside it would copy it.
        del found["TF_PLUGIN_CACHE_DIR"]
    return found


def _mirror() -> Path | None:
    named = os.environ.get("TF_PLUGIN_DIR")
    if named:
        mirror = Path(named).expanduser().resolve()
        if not _holds_provider(mirror):
            raise LocalCloudError(f"TF_PLUGIN_DIR={named} holds no {PROVIDER} for {_platform()}")
        return mirror
    if Path(os.environ.get("TF_CLI_CONFIG_FILE", "/nowhere")).is_file():
        return None
    if any(_holds_provider(Path(implied).expanduser()) for implied in IMPLIED_MIRRORS):
        return None
    candidates = (Path("/opt"), *sorted(Path("/opt").glob("*")))
    return next((candidate for candidate in candidates if _holds_provider(candidate)), None)


def _holds_provider(mirror: Path) -> bool:
    provider = mirror / PROVIDER
    return any(provider.glob(f"*/{_platform()}/*")) or any(provider.glob(f"*_{_platform()}.zip"))


def _platform() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


class Terraform:
    """Terraform for one stage, with its own working data and, for a local stack, its own copy and state."""

    def __init__(self, stage: str, environment: Environment, stack: Stack | None = None) -> None:
        self.var_file = Path("env") / f"{stage}.tfvars"
        if not (TERRAFORM / self.var_file).exists():
            raise LocalCloudError(f"there is no infra/terraform/{self.var_file}: STAGE={stage} is unknown")
        self.environment = {**environment, **provider_environment(), "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
        self.directory = TERRAFORM
        self.log: Path | None = None
        if stack is not None:
            self.directory = copied(stack.directory / "source")
            state = json.dumps(str(stack.directory / "terraform.tfstate"))
            backend = f'terraform {{\n  backend "local" {{\n    path = {state}\n  }}\n}}\n'
            (self.directory / OVERRIDE).write_text(backend)
            self.environment["TF_DATA_DIR"] = str(stack.terraform_data)
            self.log = stack.directory / "terraform.log"

    def init(self) -> None:
        self._run(["init", "-no-color"])

    def apply(self, report: Report = lambda _: None, approve: bool = True) -> None:
        """Apply; `report` is told how many resources are done. Without `approve` Terraform asks on the terminal."""
        arguments = ["apply", f"-parallelism={PARALLELISM}", f"-var-file={self.var_file}"]
        if not approve:
            environment = {**self.environment, "TF_INPUT": "1"}
            if subprocess.run(self._command(arguments), env=environment, check=False).returncode:
                raise LocalCloudError("terraform apply did not succeed")
            return
        total = done = 0

        def watch(line: str) -> None:
            nonlocal total, done
            if plan := re.match(r"Plan: (\d+) to add, (\d+) to change, (\d+) to destroy", line):
                total = sum(map(int, plan.groups()))
            if re.search(r": (Creation|Modifications|Destruction) complete", line):
                done += 1
                report(f"{done}/{total} resources")

        self._run([*arguments, "-auto-approve", "-no-color"], watch)

    def has_changes(self) -> bool:
        """Whether an apply would change anything."""
        arguments = ["plan", "-detailed-exitcode", "-no-color", f"-var-file={self.var_file}"]
        ran = subprocess.run(
            self._command(arguments), env=self.environment, capture_output=True, text=True, check=False
        )
        if ran.returncode not in (0, 2):
            raise LocalCloudError(ran.stdout + ran.stderr)
        return ran.returncode == 2

    def destroy(self) -> None:
        """Destroy everything of the stage; Terraform asks on the terminal first."""
        arguments = ["destroy", f"-var-file={self.var_file}"]
        environment = {**self.environment, "TF_INPUT": "1"}
        if subprocess.run(self._command(arguments), env=environment, check=False).returncode:
            raise LocalCloudError("terraform destroy did not succeed")

    def outputs(self) -> dict[str, Any]:
        """All outputs by name, the sensitive ones included."""
        ran = subprocess.run(
            self._command(["output", "-json"]),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise LocalCloudError(f"terraform output failed:\n{ran.stderr}")
        return {name: output["value"] for name, output in json.loads(ran.stdout).items()}

    def _command(self, arguments: list[str]) -> list[str]:
        return ["terraform", f"-chdir={self.directory}", *arguments]

    def _run(self, arguments: list[str], watch: Callable[[str], None] = lambda _: None) -> None:
        process = subprocess.Popen(
            self._command(arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C would end the provider, too, in the middle of what it makes
        )
        lines: list[str] = []
        try:
            for line in process.stdout or ():
                lines.append(line)
                watch(line)
            process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)  # it writes down what it has made so far
            raise
        finally:
            if process.poll() is None:
                process.terminate()
            if process.stdout is not None:
                process.stdout.close()
            if self.log is not None:
                with self.log.open("a") as log:
                    log.writelines(lines)
        if process.returncode:
            raise LocalCloudError(f"terraform {arguments[0]} failed (log: {self.log}):\n{errors_in(''.join(lines))}")


def errors_in(output: str) -> str:
    """The first errors that Terraform reports; one mistake in a loop is reported once per turn."""
    split = re.split(r"^(?=Error: )", output, flags=re.MULTILINE)[1:]
    reported = [error for error in split if not error.startswith("Error: execution halted")]
    if not reported:
        return output[-2000:]
    more = f"\n... and {len(reported) - 2} more" if len(reported) > 2 else ""
    return "\n".join(error.strip() for error in reported[:2]) + more


def copied(into: Path, with_tests: bool = False) -> Path:
    """A copy of the infrastructure below `into`; its path.

    So a `backend_override.tf` that moves the state of a real stage to S3 does not reach it, and two stacks do not write
    one lock file. A lock file that names the registry's checksums is of no use to a mirror, whose packages differ.
    """
    directory = into / "infra" / "terraform"
    lock = directory / LOCK
    locked = lock.read_text() if lock.exists() else None
    shutil.rmtree(into, ignore_errors=True)
    left_out = [OVERRIDE, ".terraform", "*.tfstate*"]
    left_out += [LOCK] if _mirror() else []
    left_out += [] if with_tests else ["tests"]
    shutil.copytree(TERRAFORM, directory, ignore=shutil.ignore_patterns(*left_out))
    if STATE_MACHINES.is_dir():
        shutil.copytree(STATE_MACHINES, into / STATE_MACHINES.name)
    if locked is not None and not lock.exists():
        lock.write_text(locked)
    return directory


def check() -> list[str]:
    """Formatting, validity and tests of the infrastructure; answers what is wrong."""
    work = LOCAL / "check"
    directory = copied(work / "source", with_tests=True)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **provider_environment(),
        "AWS_EC2_METADATA_DISABLED": "true",
        "TF_DATA_DIR": str(work / "terraform"),
        "TF_IN_AUTOMATION": "1",
    }
    wrong: list[str] = []
    steps = [["fmt", "-check", "-recursive", "-diff"], ["init", "-backend=false"], ["validate"]]
    if any((directory / "tests").glob("*.tftest.hcl")):
        steps.append(["test"])
    for step in steps:
        command = ["terraform", f"-chdir={directory}", *step, *(["-no-color"] if step[0] != "fmt" else [])]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode:
            wrong.append(f"terraform {step[0]}:\n{ran.stdout}{ran.stderr}".strip())
            if step[0] == "init":
                break
    return wrong
