"""`python -m examples.online_retail sample|plan|load|replay|report`: a real retailer's ledger through a deployed system."""

import argparse
import csv
import gzip
import io
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from examples.online_retail import ledger as ledgers
from examples.online_retail import load as loading
from examples.online_retail import mapping, matching, reading_back, report, show
from examples.online_retail.api import Api, Problem, Unreachable
from examples.online_retail.faults import DEFAULT_RATE, MAX_RATE, BadNetwork
from examples.online_retail.giving_back import GivingBack, Waiting, chains
from examples.online_retail.journal import Journal
from examples.online_retail.replay import Followed, Pace, Replay, Stuck
from examples.online_retail.stack import DEFAULT_RECORD, ROOT, NoStack, Stack
from examples.online_retail.warehouse import ANSWERS, REQUESTS, AnswerType, ByApi, ByQueue, Warehouse, Way

SAMPLE = Path(__file__).parent / "sample" / "online-retail-2010-12-01-to-2010-12-09.csv.gz"
DEFAULT_INVOICES = 120
LOCAL = ROOT / ".local"
"""Where the journal and the JSON report go."""

MOST_OPEN_ORDERS = 100
STEPS: tuple[AnswerType, ...] = ("shipped", "delivered")
"""What the warehouse says of each parcel; "packed" is left out for speed."""

QUIET_STEPS = 50

EXIT_DIFFERS, EXIT_NO_STACK, EXIT_STUCK, EXIT_STOPPED = 1, 2, 3, 130


class Rate(ProgressColumn):
    """Steps a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:5.1f}/s")


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the file is replayed, and what that takes."""

    ledger: ledgers.Ledger
    sales: Sequence[mapping.Sale]
    back: matching.Plan
    movements: Sequence[mapping.StockMovement]
    products: Sequence[mapping.Product]
    openings: Sequence[mapping.Opening]
    left: Sequence[mapping.NotMapped]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 only if nothing differs unexplained."""
    given = _parser().parse_args(arguments)
    console = Console()
    try:
        return int(given.run(given, console))
    except NoStack as error:
        console.print(f"[red]{error}[/]")
        return EXIT_NO_STACK
    except (Problem, Unreachable, loading.LoadFailed, ledgers.DoesNotReconcile, FileNotFoundError) as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        return EXIT_DIFFERS
    except KeyboardInterrupt:
        console.print("Stopped. What was done is kept: go on with `replay --resume`.")
        return EXIT_STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.online_retail", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="sample|plan|load|replay|report")
    _command(commands, "sample", cut_sample, "cut the committed sample out of the whole file").add_argument(
        "--out", type=Path, default=SAMPLE, help="where it goes"
    )
    _command(commands, "plan", show_plan, "print what would be done, without a system").add_argument(
        "--all", action="store_true", help="every invoice of the file"
    )
    for name, run, words in (
        ("load", load_only, "make catalogue, locations and opening stock"),
        ("replay", replay, "load, then place, ship and deliver the invoices, then report"),
        ("report", report_only, "compare the file with what the last replay left"),
    ):
        command = _command(commands, name, run, words)
        command.add_argument("--stack", type=Path, default=DEFAULT_RECORD, help="record of the deployed system")
        command.add_argument("--clients", type=_positive, default=8, help="calls at once (default %(default)s)")
        command.add_argument("--all", action="store_true", help="every invoice of the file")
        command.add_argument("--resume", action="store_true", help="skip what the journal says was done")
        command.add_argument("--warehouse", choices=("api", "queue"), default="api", help="how the warehouse answers")
        command.add_argument(
            "--patience", type=_positive, default=120, help="seconds without progress before giving up"
        )
        command.add_argument(
            "--faults",
            type=_rate,
            nargs="?",
            const=DEFAULT_RATE,
            default=0.0,
            metavar="RATE",
            help=f"share of calls that are throttled, reset or lose their answer ({DEFAULT_RATE}, up to {MAX_RATE})",
        )
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: object, words: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=words, description=words)
    command.set_defaults(run=run)
    command.add_argument("--file", type=Path, default=SAMPLE, help="ledger, CSV or CSV.gz (default: the sample)")
    command.add_argument("--invoices", type=_positive, help=f"only the first N that sell (default {DEFAULT_INVOICES})")
    command.add_argument("--days", type=_positive, help="only the first N days of trade")
    return command


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 <= rate <= MAX_RATE:
        raise argparse.ArgumentTypeError(f"from 0 to {MAX_RATE}")
    return rate


def cut_sample(given: argparse.Namespace, console: Console) -> int:
    """Write the first `--days` (default 8) of `--file` as the sample, fields unchanged."""
    days: set[str] = set()
    kept = []
    with given.out.open("wb") as out, gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed:
        for fields in ledgers.read_file(given.file):
            days.add(fields["InvoiceDate"][:10])
            if len(days) > (given.days or 8):
                break
            kept.append(fields)
        text = io.StringIO()
        writer = csv.DictWriter(text, ledgers.COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
        packed.write(text.getvalue().encode())
    console.print(f"{len(kept)} rows in {given.out.name}, {given.out.stat().st_size:,} bytes.")
    return 0


def read_scope(given: argparse.Namespace, console: Console) -> Scope:
    """The wanted part of the file, understood and proved against the file's own sums."""
    with console.status(f"Reading {given.file.name} …"):
        raw = list(ledgers.read_file(given.file))
        whole = ledgers.read_ledger(raw)
        ledgers.reconcile(whole, ledgers.raw_totals(raw))
        invoices = given.invoices or (None if given.all or given.days else DEFAULT_INVOICES)
        ledger = ledgers.until(whole, invoices=invoices, days=given.days)
        sales = list(mapping.orders(ledger))
        # What comes back is matched over the whole file, so that it is the same however far the replay goes.
        whole_back = matching.plan(whole, list(mapping.orders(whole)))
        back = whole_back.within(ledger, sales)
        movements = list(mapping.stock_movements(ledger))
        needed = {line["sku"] for sale in sales for line in sale.body["lines"]} | {one.sku for one in movements}
        # Stock and catalogue are those of the whole file, so that a longer replay continues a shorter one.
        products = loading.in_scope(mapping.products(whole), needed, lambda one: one.sku)
        openings = loading.in_scope(
            mapping.opening_stock(whole, matching.units_back(whole_back.give_backs)), needed, lambda one: one.sku
        )
    return Scope(ledger, sales, back, movements, products, openings, mapping.not_mapped(ledger, sales))


def show_plan(given: argparse.Namespace, console: Console) -> int:
    """Print what a replay would do, with what of the C rows could be matched."""
    scope = read_scope(given, console)
    show.show_plan(scope.ledger, scope.sales, scope.movements, scope.back, console)
    return 0


def file_id(path: Path) -> str:
    """Which ledger this is, by its bytes."""
    return sha256(path.read_bytes()).hexdigest()[:10]


def _journal(stack: Stack, path: Path, *, resume: bool) -> Journal:
    return Journal(LOCAL / f"online-retail-{stack.id}-{file_id(path)}.jsonl", fresh=not resume)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeElapsedColumn())
    return Progress(*columns, console=console, redirect_stderr=False)


def _counted(progress: Progress, words: str, total: int, done: int = 0) -> Callable[[], None]:
    """Moves a bar on; where no terminal shows it, a line every `QUIET_STEPS` says so."""
    task = progress.add_task(words, total=total, completed=done)

    def advance() -> None:
        progress.advance(task)
        count = int(progress.tasks[task].completed)
        if not progress.console.is_terminal and (count % QUIET_STEPS == 0 or count == total):
            progress.console.print(f"{words}: {count} of {total}")

    return advance


def load_only(given: argparse.Namespace, console: Console) -> int:
    """Make catalogue, locations and opening stock."""
    stack = Stack.read(given.stack)
    scope = read_scope(given, console)
    with _journal(stack, given.file, resume=True) as journal, _progress(console) as progress:
        _load(given, Api(stack.api_url, stack, connections=given.clients), journal, scope, progress)
    return 0


def _load(given: argparse.Namespace, api: Api, journal: Journal, scope: Scope, progress: Progress) -> None:
    on_step = _counted(progress, "catalogue and stock", loading.steps(scope.products, scope.openings))
    loading.load(
        api,
        journal,
        file_id(given.file),
        scope.products,
        scope.openings,
        clients=given.clients,
        on_step=on_step,
    )


def replay(given: argparse.Namespace, console: Console) -> int:
    """Load, replay, wait until all is delivered, report."""
    stack = Stack.read(given.stack)
    scope = read_scope(given, console)
    network = BadNetwork(given.faults)
    api = Api(stack.api_url, stack, connections=given.clients + 8, network=network)
    with _journal(stack, given.file, resume=given.resume) as journal:
        with _progress(console) as progress:
            _load(given, api, journal, scope, progress)
            try:
                pace = _run(given, stack, api, journal, scope, progress)
            except Stuck as stuck:
                progress.stop()
                console.print(f"[red]{stuck}[/]")
                return EXIT_STUCK
        code = _report(given, api, journal, scope, pace, console)
    if network.faults:
        _tell_faults(network, console)
    return code


def _tell_faults(network: BadNetwork, console: Console) -> None:
    faults = ", ".join(f"{count:,} {fault}" for fault, count in sorted(network.faults.items()))
    lost = ", ".join(f"{kind} {count:,}" for kind, count in sorted(network.lost.items()))
    console.print(f"Injected: {faults}.\nAnswers lost, by kind of call: {lost}.", soft_wrap=True, highlight=False)


def _run(given: argparse.Namespace, stack: Stack, api: Api, journal: Journal, scope: Scope, progress: Progress) -> Pace:
    on_accepted = _counted(progress, "orders accepted", len(scope.sales))
    known = journal.all("settled")
    done = sum(sale.key in known for sale in scope.sales)
    on_settled = _counted(progress, "orders delivered", len(scope.sales), done)
    on_back = _counted(progress, "given back", len(scope.back.give_backs))
    followed = Followed(api, journal, most=MOST_OPEN_ORDERS, on_settled=on_settled)
    waiting = Waiting(api, journal, scope.sales, scope.back.waiting())
    sqs = stack.aws("sqs")
    way: Way = ByApi(api) if given.warehouse == "api" else ByQueue(sqs, stack.queue_urls[ANSWERS])
    with Warehouse(
        sqs, stack.queue_urls[REQUESTS], way, steps=STEPS, on_done=followed.look_soon, api=api, waits=waiting
    ) as warehouse:
        back = GivingBack(
            api, journal, warehouse.ship, lambda known: followed.wait_until(known, given.patience), on_back
        )
        run = Replay(api, journal, followed, back, given.clients, given.patience, on_accepted, waiting.placed)
        try:
            run.run(scope.sales, scope.movements, chains(scope.back.give_backs))
        except Stuck as stuck:
            raise Stuck(_what_is_stuck(str(stuck), api, followed, warehouse)) from stuck
        finally:
            followed.stop()
    return run.pace


def _what_is_stuck(words: str, api: Api, followed: Followed, warehouse: Warehouse) -> str:
    lines = [words]
    for key, order_id in followed.unsettled()[:20]:
        try:
            order = api.get(f"/v1/orders/{order_id}")
            sales = ", ".join(f"{one['id']} {one['status']}" for one in order["fulfilments"]) or "no fulfilment"
            lines.append(f"  {order_id} ({order['reference']}) is {order['status']}: {sales}")
        except (Problem, Unreachable) as error:
            lines.append(f"  {order_id} ({key}) cannot be read: {error}")
    lines += [f"  warehouse: {fulfilment}: {reason}" for fulfilment, reason in list(warehouse.troubles.items())[:10]]
    return "\n".join([*lines, "See the function logs; then go on with `replay --resume`."])


def report_only(given: argparse.Namespace, console: Console) -> int:
    """Compare the file with what the last replay left in the system."""
    stack = Stack.read(given.stack)
    scope = read_scope(given, console)
    api = Api(stack.api_url, stack, connections=given.clients)
    with _journal(stack, given.file, resume=True) as journal:
        return _report(given, api, journal, scope, Pace(), console)


def _report(given: argparse.Namespace, api: Api, journal: Journal, scope: Scope, pace: Pace, console: Console) -> int:
    kinds = ("placed", "settled", "not_placed", "moved", "not_moved", "given_back", "not_given_back")
    facts = {kind: journal.all(kind) for kind in kinds}
    wanted = {sale.key: facts["settled"][sale.key] for sale in scope.sales if sale.key in facts["settled"]}
    changed = {one.sale for one in scope.back.give_backs if one.key in facts["given_back"]}
    with _progress(console) as progress:
        on_step = _counted(progress, "payments read back", len(wanted))
        orders, payments = reading_back.read_back(
            api, wanted, changed, clients=given.clients, patience=given.patience, on_step=on_step
        )
    with console.status("Reading stock back …"):
        stock = loading.stock_on_hand(api)
    built = report.build(
        ledger=scope.ledger,
        sales=scope.sales,
        back=scope.back,
        movements=scope.movements,
        openings=scope.openings,
        left=scope.left,
        facts={**facts, "settled": orders, "paid": payments},
        stock=stock,
    )
    built.accepted_per_second = round(pace.accepted_per_second, 2)
    built.carried_per_second = round(pace.carried_per_second, 2)
    out = LOCAL / "online-retail-report.json"
    out.write_text(json.dumps(built.as_dict(), indent=1) + "\n")
    show.show(built, console)
    console.print(f"As JSON: {out}", soft_wrap=True)
    return EXIT_DIFFERS if built.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
