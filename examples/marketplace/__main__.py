"""`python -m examples.marketplace sample|run`: suppliers come in, list their goods, are sent orders, and are owed money."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich import box
from rich.console import Console
from rich.table import Table

from examples.marketplace import buying, goods
from examples.marketplace.catalogue import SAMPLE, read_file, write_sample
from examples.marketplace.reviewing import approve_corrected
from examples.marketplace.suppliers import Late, Trader, applied, connected, until, verified
from examples.online_retail.api import Api, Problem, Unreachable
from examples.online_retail.load import LoadFailed, make_categories
from examples.online_retail.stack import DEFAULT_RECORD, NoStack, Stack

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
    except (Problem, Unreachable, Late, LoadFailed, FileNotFoundError) as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        return EXIT_FAILED
    except KeyboardInterrupt:
        console.print("Stopped.")
        return EXIT_STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.marketplace", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="sample|run")
    sample = commands.add_parser("sample", help="make the committed sample out of the data set's file")
    sample.add_argument("--file", type=Path, required=True, help="products.yaml of the data set")
    sample.add_argument("--out", type=Path, default=SAMPLE, help="where it goes")
    sample.set_defaults(run=cut_sample)
    running = commands.add_parser("run", help="play it all on the system that runs")
    running.add_argument("--record", type=Path, default=DEFAULT_RECORD, help="the record of the system")
    running.add_argument("--products", type=int, help="so many products (default: all)")
    running.set_defaults(run=run)
    return parser


def cut_sample(given: argparse.Namespace, console: Console) -> int:
    """Make the sample anew."""
    write_sample(read_file(given.file), given.out)
    console.print(f"{given.out}")
    return 0


def run(given: argparse.Namespace, console: Console) -> int:
    """Three suppliers, their goods twice over, an order that spans them, and the books."""
    from aisle_supplier.server import ReferenceSupplier

    stack = Stack.read(given.record)
    admin, shopper, associate = (Api(stack.api_url, stack, role=role) for role in ("admin", "shopper", "associate"))
    name = uuid4().hex[:8]
    with ExitStack() as running:
        systems = [running.enter_context(ReferenceSupplier()) for _ in range(3)]
        with _step(console, "Three suppliers"):
            traders = _suppliers(stack, admin, name, systems, console)
        with _step(console, "Their goods"):
            shared = _listed(admin, traders, name, given.products, console)
        with _step(console, "An order that spans two suppliers and the retailer's own warehouse"):
            buying.set_commission(admin)
            buying.open_shop(admin)
            _ordered(admin, shopper, associate, traders, shared, console)
        with _step(console, "The books"):
            return _balanced(admin, traders, console)


@contextmanager
def _step(console: Console, title: str) -> Iterator[None]:
    console.rule(title, align="left")
    began = time.monotonic()
    yield
    console.print(f"[dim]{time.monotonic() - began:.1f} s[/]")


def _suppliers(stack: Stack, admin: Api, name: str, systems: Sequence[Any], console: Console) -> list[Trader]:
    clean = applied(stack, "Northwind Home", name, systems[0])
    untidy = applied(
        stack,
        "Contoso Wear",
        name,
        systems[1],
        contacts=[
            {"role": "primary", "name": " Grace  Hopper", "email": "grace@Example.COM", "phone": "020 7946 0018"}
        ],
        address={"line1": "1 Quay Street", "city": "Hull", "postal_code": "hu1 2aa", "country": "United Kingdom"},
    )
    wrong = applied(
        stack,
        "Fabrikam Sound",
        name,
        systems[2],
        tax_id={"scheme": "vat", "country": "GB", "value": "GB123456789"},
        brands=[
            {"name": f"Fabrikam Sound {name}", "attestation": "owner"},
            {"name": f"Northwind Home {name}", "attestation": "authorised_seller"},
        ],
    )
    for trader in (clean, untidy):
        seen = verified(trader)
        _check(seen["status"] == "approved", f"{trader.name} is {seen['status']}: {seen['findings']}")
        corrected = [f"{one['field']}: {one['before']!r} → {one['after']!r}" for one in seen["corrections"]]
        console.print(f"✓ {trader.name}: approved" + (", corrected " + "; ".join(corrected) if corrected else ""))
    reason = approve_corrected(admin, wrong, name)
    console.print(f"✓ {wrong.name}: approved by a reviewer, who put right: {reason}")
    for trader in (clean, untidy, wrong):
        connected(trader)
        _check(trader.read()["status"] == "approved", f"{trader.name} was not connected")
    console.print("✓ their order endpoints were tried out: signatures are checked, nothing unknown is known")
    return [clean, untidy, wrong]


def _listed(admin: Api, traders: Sequence[Trader], name: str, most: int | None, console: Console) -> goods.Row:
    products = list(read_file())
    products = products[:: max(1, len(products) // most)] if most else products
    categories = make_categories(admin, sorted({one["category"].replace(" ", "-") for one in products}))
    rows: list[list[goods.Row]] = [[], [], []]
    for one in products:
        number = goods.seller_of(one)
        brand = f"{traders[number].name} {name}"
        rows[number].append(goods.row_of(one, brand, categories[one["category"].replace(" ", "-")]))
    rows[0], others = goods.shared(rows[0], name)
    table = Table(box=box.SIMPLE)
    for column in ("feed", "supplier", "rows", "rows a second", "what became of them"):
        table.add_column(column)
    for title, change in (("first", False), ("update, errors planted", True)):
        for number, trader in enumerate(traders):
            own, planted = goods.with_errors(rows[number]) if change else (rows[number], 0)
            feed = goods.sent(trader, [*own, *(others if number == 2 else ())], f"{title}-{name}")
            progress = feed["progress"]
            counts = {outcome: count for outcome, count in progress["counts"].items() if count}
            words = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items())
            rate = f"{progress['rows_per_second'] or 0:.0f}"
            table.add_row(title, trader.name, f"{progress['total']:,}", rate, words)
            _check(
                feed["status"] == "finished",
                f"The feed of {trader.name} was {feed['status']}: {feed['failure'] or feed['findings']}",
            )
            off = counts.get("refused", 0) + counts.get("in_review", 0)
            _check(
                off == planted,
                f"{off} rows of {trader.name} were refused or are reviewed, {planted} were planted: {counts}",
            )
    console.print(table)
    return rows[0][0]


def _ordered(
    admin: Api, shopper: Api, associate: Api, traders: Sequence[Trader], shared: goods.Row, console: Console
) -> None:
    first, second, third = traders
    sku = first.api.get(f"/v1/suppliers/{first.id}/listings/{shared['supplier_sku']}")["sku"]
    other = next(
        one for one in second.api.listed(f"/v1/suppliers/{second.id}/listings", status="published") if one["sku"]
    )
    for trader, row_sku in ((second, other["supplier_sku"]), (third, f"X-{shared['supplier_sku']}")):
        trader.system.restock({row_sku: 5})
    order = buying.placed(shopper, [buying.SKU, sku, other["sku"]])
    parts = buying.by_location(order)
    console.print(
        f"✓ {order['id']}: {order['total']['amount'] / 100:,.2f} {order['total']['currency']}, three who ship it"
    )
    for reason in order["allocation_reasons"]:
        console.print(f"  [dim]{reason}[/]")
    buying.ship_own(associate, parts[buying.WAREHOUSE][0]["id"])
    console.print("✓ the own warehouse shipped its part")
    buying.shipped(second, buying.accepted(second, parts[second.id][0]["id"]))
    console.print(f"✓ {second.name} accepted and shipped")
    again = until(
        "The reallocation",
        lambda: (now := buying.by_location(shopper.get(f"/v1/orders/{order['id']}"))).get(third.id) and now,
    )
    console.print(f"✓ {first.name} has none left and said no; {third.name} was asked instead")
    buying.shipped(third, buying.accepted(third, again[third.id][0]["id"]))
    console.print(f"✓ {third.name} accepted and shipped; the customer pays what was agreed")
    done = until(
        "The shipment of all of it",
        lambda: (now := shopper.get(f"/v1/orders/{order['id']}"))["status"] == "shipped" and now,
    )
    until(
        "The capture of the payment",
        lambda: admin.get(f"/v1/orders/{done['id']}/payment")["captured"] == done["total"]["amount"],
    )
    console.print("✓ paid, and captured as it left")


def _balanced(admin: Api, traders: Sequence[Trader], console: Console) -> int:
    balances = admin.get("/v1/ledger/balances", currency="GBP")
    accounts = {**balances["accounts"], "all suppliers": balances["suppliers"]}
    table = Table(box=box.SIMPLE)
    for column in ("account", "debit", "credit"):
        table.add_column(column, justify="left" if column == "account" else "right")
    for account, amount in sorted(accounts.items()):
        if amount:
            table.add_row(account, pounds(amount) if amount > 0 else "", pounds(-amount) if amount < 0 else "")
    table.add_section()
    debit = sum(amount for amount in accounts.values() if amount > 0)
    credit = -sum(amount for amount in accounts.values() if amount < 0)
    table.add_row("sum", pounds(debit), pounds(credit))
    console.print(table)
    cursor, sound = None, debit == credit
    while True:
        page = admin.get("/v1/ledger/audit", currency="GBP", cursor=cursor)
        sound = sound and page["sound"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    console.print("✓ every balance is the sum of its postings" if sound else "[red]a balance is off[/]")
    for trader in traders:
        for owed in trader.api.listed(f"/v1/suppliers/{trader.id}/balances"):
            console.print(
                f"  {trader.name} is owed {pounds(owed['amount'])} {owed['currency']}, paid after the hold period"
            )
    return 0 if sound else EXIT_FAILED


def pounds(amount: int) -> str:
    """Pence as pounds."""
    return f"{amount / 100:,.2f}"


def _check(holds: bool, words: str) -> None:
    if not holds:
        raise Late(words)


if __name__ == "__main__":
    sys.exit(main())
