"""`python -m examples.locker_pickup sample|plan|import|run`: real places as locker sites, and an order that is collected at one."""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from examples.locker_pickup import mapping
from examples.locker_pickup.device import switched_on
from examples.locker_pickup.pickup import Collection, Late, Outbox, Refused, Watch
from examples.locker_pickup.registry import NoCabinet, Outcome, Tally, cabinet_of, register_all
from examples.locker_pickup.shop import open_shop
from examples.locker_pickup.stores import SAMPLE, read_file, write_sample
from examples.online_retail.api import Api, Problem, Unreachable
from examples.online_retail.load import LoadFailed
from examples.online_retail.stack import DEFAULT_RECORD, NoStack, Stack

BLOOMINGTON = (44.8805, -93.2169)
"""The airport of Minneapolis and Saint Paul: six of the sites stand in it."""

EACH_HOP = "seconds since the hop before"

EXIT_FAILED, EXIT_NO_STACK, EXIT_STOPPED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 only if all of it was done."""
    given = _parser().parse_args(arguments)
    console = Console()
    try:
        return int(given.run(given, console))
    except NoStack as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        return EXIT_NO_STACK
    except (Problem, Unreachable, NoCabinet, Late, Refused, LoadFailed, FileNotFoundError) as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        return EXIT_FAILED
    except KeyboardInterrupt:
        console.print("Stopped.")
        return EXIT_STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.locker_pickup", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="sample|plan|import|run")
    sample = _command(commands, "sample", cut_sample, "make the committed sample out of the data set's file")
    sample.add_argument("--out", type=Path, default=SAMPLE, help="where it goes")
    _command(commands, "plan", show_plan, "print what would be registered, without a system")
    importing = _command(commands, "import", import_sites, "register sites with their hours and cabinets")
    importing.add_argument("--near", type=_position, metavar="LAT,LON", help="those nearest to a position first")
    importing.add_argument("--sites", type=_positive, help="so many (default: all)")
    running = _command(commands, "run", collect, "register sites, then order, load and collect at the nearest one")
    running.add_argument("--near", type=_position, default=BLOOMINGTON, metavar="LAT,LON", help="where the shopper is")
    running.add_argument("--sites", type=_positive, default=8, help="how many to register (default %(default)s)")
    running.add_argument("--patience", type=_positive, default=90, help="seconds for each hop (default %(default)s)")
    for command in (importing, running):
        command.add_argument("--clients", type=_positive, default=8, help="calls at once (default %(default)s)")
        command.add_argument("--stack", type=Path, default=DEFAULT_RECORD, help="record of the deployed system")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: object, words: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=words, description=words)
    command.set_defaults(run=run)
    command.add_argument("--file", type=Path, default=SAMPLE, help="stores, JSON or CSV.gz (default: the sample)")
    return command


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _position(text: str) -> tuple[float, float]:
    latitude, longitude = map(float, text.split(","))
    if not (-90 <= latitude <= 90 and -180 <= longitude < 180):
        raise argparse.ArgumentTypeError("degrees, latitude first")
    return latitude, longitude


def cut_sample(given: argparse.Namespace, console: Console) -> int:
    """Write the stores of `--file` as the sample: the fields that a site is made of, unchanged."""
    stores = list(read_file(given.file))
    write_sample(stores, given.out)
    console.print(f"{len(stores):,} stores in {given.out.name}, {given.out.stat().st_size:,} bytes.")
    return 0


def _read_sites(given: argparse.Namespace, console: Console) -> list[mapping.Site]:
    """The sites of the file; rows that make none are told."""
    sites, skipped = mapping.sites(read_file(given.file))
    for one in skipped:
        console.print(f"store {one.id}, {one.name}, makes no site: {one.reason}", soft_wrap=True, highlight=False)
    return sites


def show_plan(given: argparse.Namespace, console: Console) -> int:
    """Print how many sites the file makes, and in which time zones they are."""
    sites = _read_sites(given, console)
    zones = Counter(site["timezone"] for site in sites)
    table = Table("time zone", "sites", title="Locker sites", box=box.SIMPLE)
    for zone, count in zones.most_common():
        table.add_row(zone, f"{count:,}")
    table.add_row("all", f"{len(sites):,}")
    console.print(table)
    return 0


def import_sites(given: argparse.Namespace, console: Console) -> int:
    """Register sites and cabinets, or find them registered."""
    stack = Stack.read(given.stack)
    sites = _read_sites(given, console)
    if given.near:
        sites = mapping.nearest(sites, *given.near)
    _register(Api(stack.api_url, stack, connections=given.clients), sites[: given.sites], given.clients, console)
    return 0


def _register(api: Api, sites: Sequence[mapping.Site], clients: int, console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("sites and their cabinets", total=len(sites))
        tally = register_all(api, sites, clients=clients, on_step=lambda: progress.advance(task))
    for what in ("site", "cabinet"):
        console.print(f"{what}s: {_outcomes(tally, what)}", highlight=False)


def collect(given: argparse.Namespace, console: Console) -> int:
    """An order goes into a locker and out of it; then tell when each hop came, also of one that got stuck."""
    stack = Stack.read(given.stack)
    admin, shopper, staff = (Api(stack.api_url, stack, role=role) for role in ("admin", "shopper", "associate"))
    every, _ = mapping.sites(read_file(given.file))  # `plan` tells of the others
    sites = mapping.nearest(every, *given.near)[: given.sites]
    _register(admin, sites, given.clients, console)
    open_shop(admin)
    with console.status("") as status:
        site = _nearest_of(shopper, sites, given.near)
        status.update("waiting: the cabinet's line …")
        with switched_on(admin, stack, cabinet_of(staff, site["id"]), given.patience) as cabinet:
            console.print(_introduced(site, cabinet.id), highlight=False, soft_wrap=True)
            watch = Watch(given.patience, on_wait=lambda name: status.update(f"waiting: {name} …"))
            try:
                Collection(shopper, staff, Outbox(str(stack.endpoint_url)), cabinet, watch).run(site)
            finally:
                console.print(_hops_table(watch))
    return 0


def _nearest_of(shopper: Api, sites: Sequence[mapping.Site], near: tuple[float, float]) -> dict[str, Any]:
    """Of the sites that a storefront would show around a position, the first that has one of our cabinets."""
    ours = {site["id"] for site in sites}
    latitude, longitude = near
    shown = shopper.get("/v1/locker-sites", latitude=latitude, longitude=longitude, radius_km=100, limit=50)["items"]
    found: dict[str, Any] | None = next((site for site in shown if site["id"] in ours), None)
    if found is None:
        raise NoCabinet(f"No locker site within 100 km of {latitude}, {longitude}.")
    return found


def _introduced(site: Mapping[str, Any], cabinet_id: str) -> str:
    state = "open" if site["open"] else "closed"
    return (
        f"The nearest site is {site['name']}, {site['address']['city']}, {site['distance_km']:.1f} km away, now {state}.\n"
        f"Its cabinet {cabinet_id} is on the line, over mutual TLS."
    )


def _hops_table(watch: Watch) -> Table:
    table = Table("hop", "what", "seconds", title="From the shop to an open door", caption=EACH_HOP, box=box.SIMPLE)
    table.columns[2].justify = "right"
    steps = watch.steps()
    for hop, seconds in steps:
        table.add_row(hop.name, hop.what, f"{seconds:.2f}")
    table.add_row("all", "", f"{sum(seconds for _, seconds in steps):.2f}", style="bold")
    return table


def _outcomes(tally: Tally, what: str) -> str:
    return ", ".join(f"{tally[what, one]:,} {one}" for one in Outcome if tally[what, one]) or "none"


if __name__ == "__main__":
    sys.exit(main())
