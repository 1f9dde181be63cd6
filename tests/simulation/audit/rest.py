"""What must hold when everything has come to rest: nothing is left over, and all books agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.simulation.actors.client import Intent
from tests.simulation.actors.shop import Shop
from tests.simulation.audit.items import STORED_VALUE, Document, document, held_by, number, text
from tests.simulation.audit.sales import Sale, is_past, sales_in
from tests.simulation.cloud.machines import Execution

REFUSING = {
    "CaptureDeclined": "tok_capture_fails",
    "VoidDeclined": "tok_void_fails",
    "RefundDeclined": "tok_refund_fails",
}
"""What a payment provider may refuse for good, by the token that makes it do so; a person is asked then."""


def audit(shop: Shop) -> None:
    """Look at everything; the first thing that does not hold ends the history."""
    for finding in _findings(shop):
        shop.world.problem(f"at rest: {finding}")
        return


def _findings(shop: Shop) -> Iterator[str]:
    sales = {sale.id: sale for sale in sales_in(shop.world.database)}
    yield from _executions(shop, sales)
    for sale in sales.values():
        for finding in (*_decided(sale), *_booked(sale), *_given_back(sale)):
            yield f"{sale.id}: {finding}"
    yield from _queues(shop)
    yield from _intents(shop)
    yield from _movements(shop, sales)
    yield from _left_over(shop)
    yield from _coupons(shop, sales)
    yield from _stored_value(shop, sales)
    yield from _refunds_asked(shop, sales)


# ---- workflows and queues -----------------------------------------------------------------------------------------------


def _executions(shop: Shop, sales: dict[str, Sale]) -> Iterator[str]:
    for execution in shop.world.states.executions.values():
        if execution.status == "RUNNING":
            yield f"{execution.name} does not end: {execution.path[-6:]}"
        token = sales[execution.input["order_id"]].token
        for state, error, excused in execution.caught:
            if not (excused or REFUSING.get(error) == token or _is_a_way(execution, state, error)):
                yield f"{execution.name} gave up in {state}: {error}"


def _is_a_way(execution: Execution, state: str, error: str) -> bool:
    """Whether a definition takes this error for one of its ordinary ways."""
    return (execution.machine, state, error) == ("return_order", "WaitForGoods", "States.Timeout")


def _queues(shop: Shop) -> Iterator[str]:
    for name, queue in shop.world.queues.all().items():
        if queue.messages and not name.endswith("-dlq"):
            yield f"messages are left in {name}: {list(queue.messages.values())[:3]}"
    for name, message in shop.world.queues.dead():
        if not is_past(shop.world.database, name, message.body):
            yield f"a dead letter of {name}: {message}"


# ---- orders -------------------------------------------------------------------------------------------------------------


def _decided(sale: Sale) -> Iterator[str]:
    if sale.decision == "pending":
        yield "it was never decided"
    if sale.status in ("pending", "unknown"):
        yield f"its payment is {sale.status}"
    if sale.open_parcels:
        yield f"nobody answers for {sale.open_parcels}"
    if sale.unsettled:
        yield sale.unsettled
    if sale.unassigned:
        yield f"{sale.unassigned} units have no location"
    for value in sale.returns:
        for line in value["lines"]:
            settled = sum(line[name] for name in ("restocked", "written_off", "refused", "given_up"))
            if settled != line["quantity"]:
                yield f"units of {value['id']} are neither back nor given up: {line}"


def _booked(sale: Sale) -> Iterator[str]:
    """The card's provider has done what we say, whatever keys it was given."""
    cards = [index for index, tender in enumerate(sale.payment.tenders) if tender["gateway"] == "sandbox"]
    tenders = [sale.payment.tenders[index] for index in cards]
    ours = {
        "authorise": sum(map(held_by, tenders)),
        "capture": sum(amount for tender in tenders for amount, _ in tender.get("captures", {}).values()),
        "void": sum(tender.get("voided", 0) for tender in tenders),
        "refund": sum(
            part[1]
            for _, _, _, to, parts in sale.payment.refunds
            for part in parts
            if part[3] is not None and to == "original" and int(part[0]) - 1 in cards
        ),
    }
    theirs = {kind: sale.booked(kind) for kind in ours}
    if ours != theirs:
        yield f"we say {ours}, the provider's books {theirs}"


def _given_back(sale: Sale) -> Iterator[str]:
    """Returns pay what the units had cost, to the penny, and their share of the postage at most."""
    refunds = [inspection["refund"] for value in sale.returns for inspection in value["inspections"]]
    goods = sum(one["goods"] - one["discount"] for one in refunds)
    if goods != sale.worth_of_returned:
        yield f"the units that came back are worth {sale.worth_of_returned}, not {goods}"
    if not 0 <= sum(one["shipping"] for one in refunds) <= sale.postage:
        yield f"more postage was given back than {sale.postage}"


def _refunds_asked(shop: Shop, sales: dict[str, Sale]) -> Iterator[str]:
    """Nothing is asked back but what returns are worth and what staff wants to give."""
    wanted: Counter[str] = Counter()
    perhaps: Counter[str] = Counter()
    for intent in shop.client.journal:
        order, _, what = intent.path.removeprefix("/v1/orders/").partition("/")
        if what == "refunds" and (intent.reply is None or intent.accepted):
            (wanted if intent.accepted else perhaps)[order] += intent.body["amount"]
    for sale in sales.values():
        least = wanted[sale.id] + sum(_worth(value, sale) for value in sale.returns)
        if not least <= sale.payment.asked_back <= least + perhaps[sale.id]:
            yield f"{sale.id}: {sale.payment.asked_back} are asked back where {least} should be"


def _worth(value: Document, sale: Sale) -> int:
    """What is given back for a return. An exchange is credited later than it is looked at, and others may have got back meanwhile
    what was left."""
    inspected = [inspection["refund"] for inspection in value["inspections"]]
    worth = sum(one["goods"] - one["discount"] + one["shipping"] - one["fee"] - one["withheld"] for one in inspected)
    exchange = value.get("exchange") or {}
    given = exchange["credit"] + exchange["difference"] if exchange.get("state") == "placed" else worth
    nothing_is_left = sale.payment.asked_back == sale.payment.captured
    return int(given if given < worth and nothing_is_left else worth)


# ---- what callers were told ---------------------------------------------------------------------------------------------


def _intents(shop: Shop) -> Iterator[str]:
    effects = _effects(shop)
    for intent in shop.client.journal:
        reference = (intent.body or {}).get("reference")
        if reference is None:
            continue
        done = effects.get(reference, set())
        if len(done) > 1:
            yield f"{intent.key} was done {len(done)} times: {sorted(done)}"
        if intent.reply is not None and bool(done) != intent.accepted and not _may_differ(intent):
            yield f"{intent.key} got {intent.reply.code}, and did {done}"
        if intent.accepted and done and _id_in(intent) not in done:
            yield f"{intent.key} got another's answer"


def _may_differ(intent: Intent) -> bool:
    """Whether a first attempt, given up but still under way, may find a cart filled that the second found empty."""
    return intent.attempts > 1 and intent.reply is not None and intent.reply.code == "cart_empty"


def _effects(shop: Shop) -> dict[str, set[str]]:
    """The ids of what was made, by the reference of the intent behind it."""
    effects: dict[str, set[str]] = {}
    for (pk, sk), item in shop.world.database.items():
        if sk == "ORDER":
            effects.setdefault(document(item)["reference"], set()).add(pk.removeprefix("ORDER#"))
        elif sk == "TRANSFER":
            effects.setdefault(document(item, "summary")["reference"], set()).add(pk.removeprefix("TRANSFER#"))
        elif sk.startswith("MOVEMENT#") and "reference" in item:
            effects.setdefault(text(item, "reference"), set()).add(text(item, "cause"))
    return effects


def _id_in(intent: Intent) -> str:
    if intent.reply is None:
        return ""
    answer = intent.reply.json
    return str(answer["order_id"] if intent.path.endswith("/checkout") else answer["id"])


# ---- stock --------------------------------------------------------------------------------------------------------------


def _movements(shop: Shop, sales: dict[str, Sale]) -> Iterator[str]:
    """Every unit that left, was missing or came back stands in a parcel or a return, and the other way round."""
    moved: Counter[tuple[str, str, str]] = Counter()
    for (pk, sk), item in shop.world.database.items():
        if sk.startswith("MOVEMENT#") and text(item, "kind") in ("shipped", "short", "returned"):
            moved[text(item, "cause"), pk.removeprefix("STOCK#"), text(item, "kind")] += abs(number(item, "quantity"))
    sent: Counter[tuple[str, str, str]] = Counter()
    for sale in sales.values():
        for part in sale.fulfilments:
            for line in part["lines"]:
                for kind in ("shipped", "short"):
                    sent[part["id"], line["sku"], kind] += line[kind]
        for value in sale.returns:
            for line in value["lines"]:
                sent[value["id"], line["sku"], "returned"] += line["restocked"] + line["written_off"]
        for line in sale.lines:
            parcels = sum(
                one["shipped"] for part in sale.fulfilments for one in part["lines"] if one["line_id"] == line["id"]
            )
            if parcels != line.get("shipped", 0):
                yield f"{sale.id} counts other units than its parcels hold"
    if +moved != +sent:
        yield f"units moved, and no parcel or return says so: {moved - sent}; or the other way round: {sent - moved}"


def _left_over(shop: Shop) -> Iterator[str]:
    for (pk, sk), item in shop.world.database.items():
        if sk == "RESERVATION" and text(item, "state") in ("open", "building"):
            yield f"{pk} is {text(item, 'state')} for ever"
        if sk.startswith("CANCELLATION#") and "to_release" in item:
            yield f"{pk} {sk} keeps stock"
        if pk.startswith("NOTIFICATION#") and text(item, "state") == "sending":
            yield f"{pk} was never sent"


# ---- coupons and stored value -------------------------------------------------------------------------------------------


def _coupons(shop: Shop, sales: dict[str, Sale]) -> Iterator[str]:
    """A bounded code was used by as many orders as it counts, and by each customer as often as they may; by none that was
    called off."""
    uses: Counter[str] = Counter()
    slots: defaultdict[str, list[str]] = defaultdict(list)
    for (pk, sk), item in shop.world.database.items():
        if sk == "COUPONS":
            live = text(item, "state") == "redeemed"
            sale = sales[pk.removeprefix("ORDER#")]
            nothing_left = all(line.get("cancelled", 0) == line["ordered"] for line in sale.lines)
            called_off = sale.decision in ("refused", "cancelled") or (bool(sale.lines) and nothing_left)
            if live == called_off:
                yield f"{sale.id} is {sale.decision}, its codes are {text(item, 'state')}"
            for code, _, _, bounded, slot in document(item, "codes"):
                uses[code] += live and bounded
                if live and slot is not None:
                    slots[text(item, "customer_id")].append(slot)
    for (pk, sk), item in shop.world.database.items():
        if sk == "COUPON" and number(item, "used") != uses[pk.removeprefix("COUPON#")]:
            yield f"{pk} counts {number(item, 'used')} uses, orders {uses[pk.removeprefix('COUPON#')]}"
        if sk == "COUPONUSES":
            customer = pk.removeprefix("COUPONUSES#")
            taken = item["slots"]["SS"] if "slots" in item else []
            if sorted(taken) != sorted(slots.pop(customer, [])):
                yield f"{customer} has taken {taken}, and orders say otherwise"
    if slots:
        yield f"codes were used without a word of it: {dict(slots)}"


def _stored_value(shop: Shop, sales: dict[str, Sale]) -> Iterator[str]:
    """Balances are the sums of their entries; what is held of them is held for somebody."""
    balances: Counter[tuple[str, str]] = Counter()
    for (pk, sk), item in shop.world.database.items():
        if pk.startswith("CREDIT#") and sk.startswith("ENTRY#"):
            balances[pk, sk.split("#")[1]] += number(item, "amount")
            if text(item, "kind") == "hold" and number(item, "remaining"):
                yield f"{number(item, 'remaining')} of {pk} are held and forgotten: {sk}"
    for (pk, sk), item in shop.world.database.items():
        if sk.startswith("ACCOUNT#") and number(item, "balance") != balances[pk, sk.removeprefix("ACCOUNT#")]:
            yield f"{pk} is worth {number(item, 'balance')}, its entries {balances[pk, sk.removeprefix('ACCOUNT#')]}"
    for sale in sales.values():
        for tender in sale.payment.tenders:
            if tender["type"] in STORED_VALUE and tender.get("authorisation") is None and sale.decision == "confirmed":
                yield f"{sale.id} was confirmed with a tender that nobody holds"
