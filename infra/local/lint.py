"""`python -m infra.local.lint terraform|state-machines`: the checks of `make check` that need more than one command."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from infra.local import terraform
from infra.local.stack import LOCAL, STATE_MACHINES

# statelint (PyPI) knows the language, asl-validator (npm) its JSON schema; each finds what the other overlooks.
ASL_VALIDATOR = "asl-validator@4.0.0"
WORKED_OUT_TIMEOUT = re.compile(r'("TimeoutSeconds": )"{%[^"]*%}"')
WORKED_OUT_MOMENT = re.compile(r'("Timestamp": )"{%[^"]*%}"')
TERRAFORM_VALUE = re.compile(r'("(?:[^"\\]|\\.)*")|\$\{(\w+)\}')


def rendered(template: str) -> str:
    """A state machine with stand-ins for the values that Terraform fills in.

    A placeholder inside a string becomes a plausible text, one outside becomes a number, and so does a timeout that is worked out
    while the machine runs: statelint knows only numbers there, and of moments only those that are written out.
    """

    def text(placeholder: re.Match[str]) -> str:
        name = placeholder.group(1)
        if name == "partition":
            return "aws"
        if name.endswith("_arn"):
            kind = "stateMachine" if "machine" in name or "workflow" in name else "function"
            service = "states" if kind == "stateMachine" else "lambda"
            return f"arn:aws:{service}:eu-west-1:123456789012:{kind}:{name}"
        return f"https://example.com/{name}" if name.endswith("_url") else name

    def value(found: re.Match[str]) -> str:
        return re.sub(r"\$\{(\w+)\}", text, found.group(1)) if found.group(1) else "60"

    written = WORKED_OUT_MOMENT.sub(r'\g<1>"2026-01-01T09:30:00Z"', TERRAFORM_VALUE.sub(value, template))
    return WORKED_OUT_TIMEOUT.sub(r"\g<1>60", written)


def state_machines() -> list[str]:
    """What the linters object to in `statemachines/`, and what is not JSON."""
    machines = sorted(STATE_MACHINES.glob("*.asl.json"))
    folder = LOCAL / "check" / "statemachines"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wrong: list[str] = []
    for machine in machines:
        text = rendered(machine.read_text())
        (folder / machine.name).write_text(text)
        try:
            json.loads(text)
        except ValueError as error:
            wrong.append(f"{machine.name}: {error}")
            continue
        wrong += [f"{machine.name}: {line}" for line in _statelint(folder / machine.name)]
    return wrong or _asl_validator(folder)


def _statelint(machine: Path) -> list[str]:
    command = [str(Path(sys.executable).with_name("statelint")), str(machine)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    said = (ran.stdout + ran.stderr).strip().splitlines()
    return (said or ["statelint failed"]) if ran.returncode else []


def _asl_validator(folder: Path) -> list[str]:
    tool = LOCAL / "cache" / "npm" / "node_modules" / ".bin" / "asl-validator"
    if not tool.exists():
        if shutil.which("npm") is None:
            return []
        cache = LOCAL / "cache" / "npm"
        cache.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(cache), ASL_VALIDATOR]
        if subprocess.run(install, capture_output=True, check=False).returncode:
            sys.stderr.write("state machines: asl-validator could not be fetched, so only statelint was asked\n")
            return []
    machines = sorted(folder.glob("*.asl.json"))
    options = [argument for machine in machines for argument in ("--json-path", str(machine))]
    ran = subprocess.run([str(tool), *options], capture_output=True, text=True, check=False)
    return [(ran.stdout + ran.stderr).strip()] if ran.returncode else []


def main() -> int:
    wrong = {"terraform": terraform.check, "state-machines": state_machines}[sys.argv[1]]()
    sys.stdout.writelines(f"{one}\n" for one in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
