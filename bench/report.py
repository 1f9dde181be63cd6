"""Figures, and how they are shown: a table on the terminal, JSON, and the tables of docs/benchmarks.md."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

BEGIN, END = "<!-- begin: python -m bench -->", "<!-- end: python -m bench -->"

_HOLDS = {"≤": operator.le, "≥": operator.ge, "=": operator.eq, "<": operator.lt}


@dataclass(frozen=True)
class Target:
    """What a figure should be, e.g. `Target("≤", 40)`."""

    sign: str
    value: float

    def is_reached_by(self, value: float) -> bool:
        return bool(_HOLDS[self.sign](value, self.value))


@dataclass(frozen=True)
class Figure:
    """One thing that was measured. `note` says how to read it; `why` why its target was not reached."""

    part: str
    name: str
    value: float
    unit: str = ""
    target: Target | None = None
    note: str = ""
    why: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None without one."""
        return None if self.target is None else self.target.is_reached_by(self.value)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the target is spelled out."""
        return {**asdict(self), "target": _wanted(self), "reached": self.reached}


def number(value: float) -> str:
    """Three significant digits below a thousand, whole numbers above."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".")


def _wanted(figure: Figure) -> str:
    return f"{figure.target.sign} {number(figure.target.value)}" if figure.target else ""


def _verdict(figure: Figure) -> str:
    return {None: "", True: "reached", False: "not reached"}[figure.reached]


def _remark(figure: Figure) -> str:
    return "; ".join(text for text in (figure.note, figure.why if figure.reached is False else "") if text)


def show(figures: Sequence[Figure], console: Console) -> None:
    """One table per part."""
    for part in dict.fromkeys(figure.part for figure in figures):
        table = Table(
            title=part, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False
        )
        for heading in ("", "measured", "", "target", ""):
            measured = heading == "measured"
            table.add_column(heading, justify="right" if measured else "left", no_wrap=measured, overflow="fold")
        table.add_column("", style="dim", overflow="fold")
        for figure in figures:
            if figure.part == part:
                colour = {None: "", True: "green", False: "red"}[figure.reached]
                verdict = f"[{colour}]{_verdict(figure)}[/]" if colour else ""
                row = (figure.name, number(figure.value), figure.unit, _wanted(figure), verdict, _remark(figure))
                table.add_row(*row)
        console.print(table)
        console.print()


def markdown(figures: Iterable[Figure], context: Mapping[str, str]) -> str:
    """The same tables for docs/benchmarks.md, after a line that says where and when."""
    figures = list(figures)
    lines = ["Measured " + ", ".join(f"{name} {value}" for name, value in context.items()) + ".", ""]
    for part in dict.fromkeys(figure.part for figure in figures):
        lines += [f"### {part}", "", "| | measured | target | | |", "|---|---:|---|---|---|"]
        for figure in figures:
            if figure.part == part:
                measured = f"{number(figure.value)} {figure.unit}".strip()
                cells = (figure.name, measured, _wanted(figure), _verdict(figure), _remark(figure))
                lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def write_into(page: Path, text: str) -> None:
    """Replace what stands between the two marks of the page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
