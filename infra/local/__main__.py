"""`python -m infra.local COMMAND`: the local cloud, and deployment to AWS by the same steps.

up       start the emulator and deploy into it what has changed
down     end the emulator of this stack, and nothing else
status   what runs, and where
token    print a fresh access token: token shopper|associate|supplier|admin|machine
logs     what the functions logged: logs [-f] [function]
reset    down, and forget everything the stack has kept
deploy   Terraform and Chalice against AWS: deploy STAGE
after-deploy  what has to follow a `chalice deploy` by hand: after-deploy STAGE
destroy  remove a stage from AWS: destroy STAGE

AISLE_STACK names the stack (default "default"); STAGE, PERSIST=1, IAM=1, AISLE_PORT and EMULATOR=localstack set how it
runs. See docs/emulator.md.
"""

from __future__ import annotations

import argparse
import shutil
import sys

from rich.console import Console

from infra.local import aws, emulator, logs, users
from infra.local.progress import Progress
from infra.local.stack import LOCAL, LocalCloudError, Options, Stack
from infra.local.up import up
from infra.package.vendor import PackagingError


def main() -> int:
    chosen = _parser().parse_args()
    try:
        chosen.run(chosen)
        return 0
    except (LocalCloudError, PackagingError) as error:
        Console(stderr=True, highlight=False).print(f"[red]error:[/] {_plain(str(error))}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; `make up` goes on from here, `make down` ends what was started\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, plain in (("up", _up), ("down", _down), ("status", _status), ("reset", _reset)):
        commands.add_parser(name).set_defaults(run=plain)
    token = commands.add_parser("token")
    token.add_argument("role", choices=(*users.ROLES, users.MACHINE))
    token.set_defaults(run=_token)
    shown = commands.add_parser("logs")
    shown.add_argument("-f", "--follow", action="store_true")
    shown.add_argument("function", nargs="?", help="part of a function's name")
    shown.set_defaults(run=_logs)
    for name, run in (("deploy", _deploy), ("destroy", _destroy)):
        command = commands.add_parser(name)
        command.add_argument("stage")
        command.add_argument("--yes", action="store_true", help="apply without asking")
        command.set_defaults(run=run)
    after = commands.add_parser("after-deploy")
    after.add_argument("stage")
    after.set_defaults(run=_after_deploy)
    return parser


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _up(_: argparse.Namespace) -> None:
    stack = Stack()
    record = up(stack, Options.from_environment(), Progress())
    shown = {
        "API": record["api_url"],
        "AWS endpoint": f"{record['endpoint_url']}  (region {record['region']}, key and secret: test)",
        **({"MQTT": f"{record['mqtt']['host']}:{record['mqtt']['port']}"} if "mqtt" in record else {}),
        **{role: f"{user['username']}  {user['password']}" for role, user in record["users"].items()},
        "all of it": str(stack.record_file),
    }
    print("".join(f"{name:<14}{value}\n" for name, value in shown.items()))
    print(f'curl -H "Authorization: $(make -s token ROLE=shopper)" {record["api_url"]}/v1/products')


def _down(_: argparse.Namespace) -> None:
    stack = Stack()
    with stack.locked():
        _end(stack)


def _end(stack: Stack) -> None:
    kept = emulator.keeps_state(stack)
    ended = emulator.stop(stack)
    if kept:
        stack.record_file.unlink(missing_ok=True)
    else:
        stack.forget_deployment()
    said = f"the stack '{stack.name}' is down" if ended else f"the stack '{stack.name}' was not running"
    sys.stderr.write(said + (f"; its state is kept in {stack.directory}\n" if kept else "\n"))


def _reset(_: argparse.Namespace) -> None:
    stack = Stack()
    with stack.locked():
        emulator.stop(stack, keep=False)
        stack.record_file.unlink(missing_ok=True)
        shutil.rmtree(stack.directory, ignore_errors=True)
    sys.stderr.write(f"the stack '{stack.name}' is down, and what it kept is forgotten\n")


def _status(_: argparse.Namespace) -> None:
    names = {path.parent.name for path in LOCAL.glob("*/emulator.json")} | {Stack().name}
    lines = [
        ("stack", "state", "endpoint", "stage", "options", "API"),
        *(_state_of(Stack(name)) for name in sorted(names)),
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _state_of(stack: Stack) -> tuple[str, ...]:
    found = emulator.running(stack)
    if found is None:
        return (stack.name, "down", "", "", "", "")
    options = " ".join(word for word, on in (("persist", found.persist), ("iam", found.iam)) if on)
    try:
        record = stack.record()
    except LocalCloudError:
        return (stack.name, "starting", found.endpoint, "", options, "")
    return (stack.name, "up", found.endpoint, record["stage"], options, record["api_url"])


def _token(chosen: argparse.Namespace) -> None:
    sys.stdout.write(users.token(Stack().record(), chosen.role) + "\n")


def _logs(chosen: argparse.Namespace) -> None:
    record = Stack().record()
    for line in logs.lines(record, chosen.function or "", chosen.follow):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _deploy(chosen: argparse.Namespace) -> None:
    aws.deploy(chosen.stage, chosen.yes, Progress())


def _after_deploy(chosen: argparse.Namespace) -> None:
    aws.after_deploy(chosen.stage)


def _destroy(chosen: argparse.Namespace) -> None:
    aws.destroy(chosen.stage)


if __name__ == "__main__":
    sys.exit(main())
