"""The report: for a terminal, for a pipe, as JSON, as JUnit."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aisle_supplier import VERSION
from aisle_supplier.checks.registry import Outcome, Result, Severity
from aisle_supplier.run import Report

_SIGN = {Outcome.PASSED: "ok", Outcome.FAILED: "FAILED", Outcome.SKIPPED: "skipped"}
_STYLE = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.SKIPPED: "dim"}


def sign(result: Result) -> str:
    """The outcome in a word; a `should` that failed is advice."""
    failed = result.outcome is Outcome.FAILED
    return "advice" if failed and result.check.severity is Severity.SHOULD else _SIGN[result.outcome]


def line(result: Result) -> Text:
    """A result on one line."""
    style = "yellow" if sign(result) == "advice" else _STYLE[result.outcome]
    text = Text.assemble((f"{sign(result):8}", style), result.check.id)
    return (
        text.append(f"  {result.finding}", "" if result.outcome is Outcome.FAILED else "dim")
        if result.finding
        else text
    )


def summary(report: Report, console: Console) -> None:
    """What failed and what to do about it, how many of each, and the verdict."""
    for result in report.of(Outcome.FAILED):
        console.print()
        console.print(Text.assemble((f"{sign(result)}: {result.check.id}", "bold"), f" ({result.check.severity})"))
        for title, text in (("says", result.check.sentence), ("found", result.finding), ("do", result.check.advice)):
            console.print(Text(f"  {title:6} {text}"), soft_wrap=True)
    console.print()
    console.print(_table(report) if console.is_terminal else _counts(report))
    if (p95 := report.percentile(95)) is not None:
        console.print(f"{len(report.exchanges)} calls, 95% of them within {p95 * 1000:.0f} ms")
    console.print(Text(verdict(report), "bold"), soft_wrap=True)


def verdict(report: Report) -> str:
    """In a sentence."""
    skipped = len(report.of(Outcome.SKIPPED))
    left_out = f" {skipped} checks could not be tried." if skipped else ""
    if report.breaches:
        return f"Not conformant: {len(report.breaches)} of the things that must be are not.{left_out}"
    if report.interrupted:
        return "Interrupted: nothing was found wrong so far."
    return f"Conformant, as far as was tried.{left_out}" if skipped else "Conformant."


def _table(report: Report) -> Table:
    table = Table("", "ok", "failed", "advice", "skipped")
    for group in dict.fromkeys(_group(result) for result in report.results):
        signs = [sign(result) for result in report.results if _group(result) == group]
        table.add_row(group, *(str(signs.count(each) or "") for each in ("ok", "FAILED", "advice", "skipped")))
    return table


def _counts(report: Report) -> str:
    signs = [sign(result) for result in report.results]
    counts = {"ok": "ok", "FAILED": "failed", "advice": "advice", "skipped": "skipped"}
    return ", ".join(f"{signs.count(each)} {name}" for each, name in counts.items())


def _group(result: Result) -> str:
    return result.check.id.partition(".")[0]


def as_json(report: Report) -> str:
    """One object; `checks` in the order in which they ran."""
    content = {
        "url": report.url,
        "began_at": report.began.isoformat(),
        "version": VERSION,
        "conformant": report.conformant,
        "interrupted": report.interrupted,
        "counts": {outcome.value: len(report.of(outcome)) for outcome in Outcome},
        "calls": len(report.exchanges),
        "seconds": {f"p{percent}": _rounded(report.percentile(percent)) for percent in (50, 95, 100)},
        "checks": [_check_as_json(result) for result in report.results],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _check_as_json(result: Result) -> dict[str, object]:
    return {
        "id": result.check.id,
        "severity": result.check.severity.value,
        "outcome": result.outcome.value,
        "sentence": result.check.sentence,
        "finding": result.finding,
        "advice": result.check.advice,
        "seconds": _rounded(result.seconds),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def as_junit(report: Report) -> bytes:
    """For a build server: a test case for each check; one that should be and is not is skipped, with its finding."""
    suite = ET.Element(
        "testsuite",
        name="aisle-supplier-check",
        tests=str(len(report.results)),
        failures=str(len(report.breaches)),
        skipped=str(
            len([result for result in report.results if result.outcome is not Outcome.PASSED and not result.breaks])
        ),
        timestamp=report.began.isoformat(),
    )
    for result in report.results:
        group, _, name = result.check.id.partition(".")
        case = ET.SubElement(suite, "testcase", classname=group, name=name, time=f"{result.seconds:.3f}")
        if result.outcome is not Outcome.PASSED:
            child = ET.SubElement(case, "failure" if result.breaks else "skipped", message=result.finding)
            child.text = f"{result.check.sentence}\n{result.check.advice}"
    written: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return written
