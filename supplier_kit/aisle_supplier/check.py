"""`aisle-supplier-check URL`: does this endpoint keep to the Order Acceptance API of Aisle?

It places test orders, whose allocation ids begin with ful_0000000000 and whose calls have the header X-Aisle-Test: true, and cancels them.
Answer them as you would answer others; ship nothing.

Exit codes: 0 conformant, 1 not, 2 asked in a way that makes no sense, 3 not reachable, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.status import Status

from aisle_supplier import VERSION, report, signing
from aisle_supplier.checks.probe import Options, Probe
from aisle_supplier.checks.registry import CHECKS, Check, Result
from aisle_supplier.client import Client
from aisle_supplier.protocol import SECONDS
from aisle_supplier.run import Report, UnknownCheck, chosen, run
from aisle_supplier.wire import Endpoint, Failure, NoAnswer, UrlUnusable, endpoint

CONFORMANT, NOT_CONFORMANT, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: list[str] | None = None) -> int:
    """Run the checks, print what was found; the exit code."""
    try:
        return _main(_parser().parse_args(arguments))
    except KeyboardInterrupt:
        return INTERRUPTED


def _main(asked: argparse.Namespace) -> int:
    console = Console(highlight=False, stderr=asked.json, quiet=asked.json)
    if asked.list:
        return _list()
    try:
        to, checks, probe = _prepared(asked)
    except (UrlUnusable, signing.SecretUnreadable, UnknownCheck, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE
    try:
        _reach(to)
    except NoAnswer as error:
        print(f"not reachable: {error.detail}", file=sys.stderr)
        return UNREACHABLE
    found = Report(asked.url)
    _run(found, probe, checks, console)
    return _finish(found, asked, console)


def _prepared(asked: argparse.Namespace) -> tuple[Endpoint, list[Check], Probe]:
    if not asked.url:
        raise UrlUnusable("Name the base URL of the endpoint.")
    if asked.timeout <= 0 or asked.wait <= 0:
        raise ValueError("--timeout and --wait take seconds, more than none.")
    to = endpoint(asked.url, asked.timeout)
    if to.scheme == "http" and not (asked.allow_http and to.is_local):
        raise UrlUnusable(
            "Aisle calls https only. --allow-http allows http to localhost, for a try on your own machine."
        )
    secret = asked.secret or os.environ.get("AISLE_SUPPLIER_SECRET", "")
    if not secret:
        raise signing.SecretUnreadable("Give the secret in AISLE_SUPPLIER_SECRET or with --secret.")
    client = Client(to, signing.checked_secret(secret))
    sku, units = _sku(asked.sku)
    return to, chosen(asked.only, asked.skip), Probe(client, Options(sku, units, asked.refuse_sku, asked.wait))


def _sku(text: str) -> tuple[str, int]:
    """`SKU` or `SKU=UNITS`."""
    sku, equals, units = text.rpartition("=")
    if not equals:
        return text, 0
    if not sku or not units.isdecimal() or int(units) < 1:
        raise ValueError("--sku takes SKU or SKU=UNITS, with a whole number from 1.")
    return sku, int(units)


def _reach(to: Endpoint) -> None:
    """Raises `NoAnswer` if there is nobody; a bad certificate is somebody."""
    try:
        to.connected(time.monotonic() + to.seconds).close()
    except NoAnswer as error:
        if error.kind not in (Failure.TLS, Failure.TIMEOUT):
            raise


def _run(found: Report, probe: Probe, checks: list[Check], console: Console) -> None:
    if not console.is_terminal:
        run(found, probe, checks, ends=lambda result: console.print(report.line(result), soft_wrap=True))
        return
    with console.status("") as status:
        run(
            found,
            probe,
            checks,
            begins=lambda check: _begins(check, status),
            ends=lambda result: _ends(result, console),
        )


def _begins(check: Check, status: Status) -> None:
    status.update(f"{check.id} ({len(CHECKS)} checks)")


def _ends(result: Result, console: Console) -> None:
    console.print(report.line(result), soft_wrap=True)


def _finish(found: Report, asked: argparse.Namespace, console: Console) -> int:
    if asked.json:
        print(report.as_json(found))
    else:
        report.summary(found, console)
    if asked.junit:
        asked.junit.write_bytes(report.as_junit(found))
    if found.interrupted:
        return INTERRUPTED
    advice = [result for result in found.results if report.sign(result) == "advice"]
    return NOT_CONFORMANT if found.breaches or (asked.strict and advice) else CONFORMANT


def _list() -> int:
    for check in CHECKS.values():
        print(f"{check.id:34}{check.severity:8}{check.sentence}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aisle-supplier-check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", nargs="?", help="base URL, e.g. https://orders.example.com/aisle")
    parser.add_argument(
        "--secret", default="", help="whsec_…; better in AISLE_SUPPLIER_SECRET, where other users do not see it"
    )
    parser.add_argument(
        "--sku",
        default="",
        metavar="SKU[=UNITS]",
        help="that your test stock has, and how many: 60 are enough for all checks",
    )
    parser.add_argument("--refuse-sku", default="", metavar="SKU", help="that you will refuse")
    parser.add_argument(
        "--only", action="append", default=[], metavar="CHECK", help="a check or a group; may be given again"
    )
    parser.add_argument(
        "--skip", action="append", default=[], metavar="CHECK", help="a check or a group; may be given again"
    )
    parser.add_argument("--list", action="store_true", help="the checks that there are")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the report for a build server")
    parser.add_argument("--strict", action="store_true", help="what should be must be")
    parser.add_argument(
        "--timeout", type=float, default=SECONDS, metavar="SECONDS", help=f"for a call (default {SECONDS:g})"
    )
    parser.add_argument(
        "--wait", type=float, default=30.0, metavar="SECONDS", help="for answers that come later (default 30)"
    )
    parser.add_argument("--allow-http", action="store_true", help="http to localhost, to try it on your own machine")
    parser.add_argument("--version", action="version", version=VERSION)
    return parser


if __name__ == "__main__":
    sys.exit(main())
