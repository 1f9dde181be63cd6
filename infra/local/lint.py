"""`python -m infra.local.lint terraform|state-machines|asyncapi`: the checks of `make check` that need more than one command."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from infra.local import terraform
from infra.local.stack import LOCAL, ROOT, STATE_MACHINES

# statelint (PyPI) knows the language, asl-validator (npm) its JSON schema; each finds what the other overlooks.
ASL_VALIDATOR = "asl-validator@4.0.0"
# The specification's own JSON schema, by those who write the specification.
ASYNCAPI_SPECS = "@asyncapi/specs@6.11.1"
ASYNCAPI_SCHEMA = "@asyncapi/specs/schemas/3.0.0-without-$id.json"
ASYNCAPI_SCHEMA_SHA256 = "abe96881dbfaad495ccbb6bd8d3fb43ca18a13b9d7564849ccb66f39d5e5b20f"
WORKED_OUT_SECONDS = re.compile(r'("(?:Timeout)?Seconds": )"{%[^"]*%}"')
WORKED_OUT_MOMENT = re.compile(r'("Timestamp": )"{%[^"]*%}"')
TERRAFORM_VALUE = re.compile(r'("(?:[^"\\]|\\.)*")|\$\{(\w+)\}')


def rendered(template: str) -> str:
    """A state machine with stand-ins for the values that Terraform fills in.

    A placeholder inside a string becomes a plausible text, one outside becomes a number, and so do seconds that are worked out
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
    return WORKED_OUT_SECONDS.sub(r"\g<1>60", written)


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
    tool = _from_npm(ASL_VALIDATOR, ".bin/asl-validator")
    if tool is None:
        sys.stderr.write("state machines: asl-validator could not be fetched, so only statelint was asked\n")
        return []
    machines = sorted(folder.glob("*.asl.json"))
    options = [argument for machine in machines for argument in ("--json-path", str(machine))]
    ran = subprocess.run([str(tool), *options], capture_output=True, text=True, check=False)
    return [(ran.stdout + ran.stderr).strip()] if ran.returncode else []


def asyncapi(document: Path = ROOT / "docs" / "asyncapi.json") -> list[str]:
    """What AsyncAPI 3.0 does not allow in a document: the first, if anything."""
    schema = _from_npm(ASYNCAPI_SPECS, ASYNCAPI_SCHEMA)
    if schema is None:
        sys.stderr.write("asyncapi: the schema could not be fetched, so nothing was held against it\n")
        return []
    if sha256(schema.read_bytes()).hexdigest() != ASYNCAPI_SCHEMA_SHA256:
        return [f"asyncapi: {schema} is not what {ASYNCAPI_SPECS} held when it was chosen"]
    errors = Draft7Validator(json.loads(schema.read_text())).iter_errors(json.loads(document.read_text()))
    wrong = best_match(errors)
    return [] if wrong is None else [f"{document.name}: {wrong.json_path}: {wrong.message}"]


def _from_npm(package: str, path: str) -> Path | None:
    """A file of a package of exactly this version, fetched once; None where npm is missing, or does not reach its registry."""
    directory = LOCAL / "cache" / "npm" / package.replace("/", "-")
    found = directory / "node_modules" / path
    if found.exists():
        return found
    if shutil.which("npm") is None:
        return None
    directory.mkdir(parents=True, exist_ok=True)
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(directory), package]
    fetched = subprocess.run(install, capture_output=True, check=False).returncode == 0
    return found if fetched else None


def main() -> int:
    checks = {"terraform": terraform.check, "state-machines": state_machines, "asyncapi": asyncapi}
    wrong = checks[sys.argv[1]]()
    sys.stdout.writelines(f"{one}\n" for one in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
