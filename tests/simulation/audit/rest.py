"""What must hold when everything has come to rest: nothing is left over, and all books agree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulation.actors.client import Intent
from tests.simulation.actors.shop import ADMIN, Shop
from tests.simulation.cloud.functions import full_name
from tests.simulation.cloud.machines import Execution

Json = Mapping[str, Any]

_REFUSING = {"CaptureDeclined": "tok_capture_fails", "VoidDeclined": "tok_void_fails"}
"""What a payment provider may refuse for good, by the token that makes it do so; a person is asked then."""
_BEFORE = {"packed": {"requested"}, "shipped": {"requested", "packed"}, "delivered": {"shipped"}}
"""In which states of a fulfilment an answer of the warehouse still has something to say."""
_TOLD = {"OrderConfirmed", "OrderRefused", "FulfilmentShipped"}


@dataclass(frozen=True, slots=True)
class Sale:
    """An order with everything that stands beside it."""

    id: str
    order: Json
    payment: Json
    status: str
    fulfilments: tuple[Json, ...]

    @property
    def owed(self) -> int:
        """What the customer owes for the units that left, and the charges once anything did; minor units."""
        if self.order["decision"] != "confirmed":
            return 0
        charges = sum(charge["amount"] for charge in self.order["charges"] if charge["amount"] > 0)
        lines = self.order["lines"]
        left = any(line.get("shipped", 0) for line in lines)
        return sum(map(_owed, lines)) + (charges if left or not lines else 0)


def _owed(line: Json) -> int:
    charged, units = line["amount"] - line.get("discount", 0), line.get("shipped", 0)
    return (2 * charged * units + line["ordered"]) // (2 * line["ordered"])


class Rest:
    """Tidies up as operators do once the weather is fair, and then looks at everything."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._world = shop.world

    def on_call(self, hours: int = 6) -> None:
        """Put dead letters back into their queues, now and every hour."""
        self._world.queues.redrive()
        if hours:
            self._world.kernel.after(3_600, lambda: self.on_call(hours - 1))

    def tidied(self) -> bool:
        """Resume what workflows gave up for the weather's sake; whether there was anything to do."""
        orders = sorted(set(self._unfinished()))
        for order in orders:
            self._world.kernel.spawn(f"resuming {order}", lambda order=order: self._resume(order))  # type: ignore[misc]
        return bool(orders)

    def _unfinished(self) -> Iterator[str]:
        """Orders whose latest execution gave something up that a repetition can do."""
        for execution in self._latest():
            if any(excused for _, _, excused in execution.caught) and self._open(execution.input["order_id"]):
                yield execution.input["order_id"]

    def _latest(self) -> list[Execution]:
        return list({each.input["order_id"]: each for each in self._world.states.executions.values()}.values())

    def _open(self, order_id: str) -> bool:
        sale = self._sale(order_id)
        token = self._token(sale)
        settled = sale.payment["captured"] == sale.owed and not self._held(sale)
        shipped = all(part["status"] not in ("requested", "packed") for part in sale.fulfilments)
        decided = sale.order["decision"] != "pending"
        return not (decided and shipped and (settled or token in _REFUSING.values()))

    def _resume(self, order_id: str) -> None:
        self._shop.client.command(f"/v1/orders/{order_id}/resume", None, ADMIN)

    # ---- the audit

    def audit(self) -> None:
        """Look at everything; the first thing that does not hold ends the history."""
        for execution in self._world.states.executions.values():
            self._check(execution.status != "RUNNING", f"{execution.name} does not end: {execution.path[-6:]}")
            self._check(self._explained(execution), f"{execution.name} gave up: {execution.caught}")
        for sale in map(self._sale, self._order_ids()):
            self._check_sale(sale)
        self._check_queues()
        self._check_reservations()
        self._check_intents()
        self._check_movements()
        self._check_notifications()

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            self._world.problem(f"at rest: {what}")

    def _explained(self, execution: Execution) -> bool:
        token = self._token(self._sale(execution.input["order_id"]))
        return all(excused or _REFUSING.get(error) == token for _, error, excused in execution.caught)

    def _check_sale(self, sale: Sale) -> None:
        payment, token = sale.payment, self._token(sale)
        refusing = token in _REFUSING.values()
        self._check(sale.order["decision"] != "pending", f"{sale.id} was never decided")
        self._check(sale.status not in ("pending", "unknown"), f"the payment of {sale.id} is {sale.status}")
        for part in sale.fulfilments:
            self._check(part["status"] not in ("requested", "packed"), f"{part['id']} is still {part['status']}")
        if token == "tok_capture_fails":
            owing = payment["captured"] + sum(payment["dues"].values())
            self._check(owing == sale.owed, f"{sale.id} owes {sale.owed}, {owing} are due or captured")
        else:
            self._check(not payment["dues"], f"{sale.id} has dues that nobody captures: {payment['dues']}")
            self._check(payment["captured"] == sale.owed, f"{sale.id} owes {sale.owed}, paid {payment['captured']}")
        self._check(refusing or not self._held(sale), f"{self._held(sale)} of {sale.id} are held and forgotten")
        self._check_books(sale)

    def _check_books(self, sale: Sale) -> None:
        """The provider's books say what ours say, whatever keys we gave it."""
        authorised, captured, voided = (self._sum_of(sale, intent) for intent in ("authorise", "capture", "void"))
        ours = (sale.payment["authorised"], sale.payment["captured"], sale.payment["voided"])
        theirs = (authorised, captured, voided)
        self._check(
            ours == theirs, f"{sale.id}: authorised, captured, voided are {ours}, the provider's books say {theirs}"
        )

    def _sum_of(self, sale: Sale, intent: str) -> int:
        return sum(int(book["amount"]["N"]) for book in self._books(sale, intent) if _acted(book))

    def _check_queues(self) -> None:
        for name, queue in self._world.queues.all().items():
            if not name.endswith("-dlq"):
                self._check(not queue.messages, f"messages are left in {name}: {list(queue.messages.values())[:3]}")
        answers = full_name("fulfilment-warehouse-answers")
        for name, message in self._world.queues.dead():
            # What a warehouse says a second time, or too late, is not listened to.
            self._check(name == answers and self._past(json.loads(message.body)), f"a dead letter of {name}: {message}")

    def _past(self, answer: Json) -> bool:
        """Whether a fulfilment is beyond what the warehouse says of it."""
        order, _, number = answer["fulfilment_id"].removeprefix("ful_").rpartition("_")
        part = self._world.database.item(f"ORDER#ord_{order}", f"FULFILMENT#{number}")
        return part is not None and part["status"]["S"] not in _BEFORE[answer["type"]]

    def _check_reservations(self) -> None:
        for (pk, sk), item in self._world.database.items():
            if sk == "RESERVATION":
                self._check(item["state"]["S"] != "open", f"{pk} is open for ever")

    def _check_intents(self) -> None:
        effects = self._effects()
        for intent in self._shop.client.journal:
            reference = (intent.body or {}).get("reference")
            if reference is None or reference == "opening":
                continue
            done = effects.get(reference, set())
            self._check(len(done) <= 1, f"{intent.key} was done {len(done)} times: {sorted(done)}")
            if intent.reply is not None:
                self._check(bool(done) == intent.accepted, f"{intent.key} got {intent.reply.code}, and did {done}")
            if intent.accepted and done:
                self._check(_id_in(intent) in done, f"{intent.key} got another's answer")

    def _effects(self) -> dict[str, set[str]]:
        """The ids of what was made, by the reference of the intent behind it."""
        effects: dict[str, set[str]] = {}
        for (pk, sk), item in self._world.database.items():
            if sk == "ORDER":
                effects.setdefault(_json(item, "document")["reference"], set()).add(pk.removeprefix("ORDER#"))
            elif sk == "TRANSFER":
                effects.setdefault(_json(item, "summary")["reference"], set()).add(pk.removeprefix("TRANSFER#"))
            elif sk.startswith("MOVEMENT#") and "reference" in item:
                effects.setdefault(item["reference"]["S"], set()).add(item["cause"]["S"])
        return effects

    def _check_movements(self) -> None:
        """Every unit that left or was missing stands in a parcel, and the other way round."""
        moved: Counter[tuple[str, str, str]] = Counter()
        for (pk, sk), item in self._world.database.items():
            if sk.startswith("MOVEMENT#") and item["kind"]["S"] in ("shipped", "short"):
                moved[item["cause"]["S"], pk.removeprefix("STOCK#"), item["kind"]["S"]] -= int(item["quantity"]["N"])
        sent: Counter[tuple[str, str, str]] = Counter()
        for sale in map(self._sale, self._order_ids()):
            for part in sale.fulfilments:
                for line in part["lines"]:
                    for kind in ("shipped", "short"):
                        sent[part["id"], line["sku"], kind] += line[kind]
            for line in sale.order["lines"]:
                parcels = sum(
                    one["shipped"] for part in sale.fulfilments for one in part["lines"] if one["line_id"] == line["id"]
                )
                self._check(parcels == line.get("shipped", 0), f"{sale.id} counts other units than its parcels hold")
        self._check(+moved == +sent, f"units moved {+moved} and sent {+sent}")

    def _check_notifications(self) -> None:
        told = Counter(message["MessageAttributes"]["order_id"]["StringValue"] for message in self._world.clients.told)
        due: Counter[str] = Counter()
        for (pk, sk), item in self._world.database.items():
            if sk.startswith("EVENT#"):
                event = json.loads(item["event"]["S"])
                if event["type"] in _TOLD:
                    due[pk.removeprefix("ORDER#")] += 1
                    note = self._world.database.item(f"NOTIFICATION#{event['id']}", "topic")
                    self._check(note is not None and note["state"] == {"S": "sent"}, f"nobody was told of {event}")
        for order, count in due.items():
            self._check(told[order] >= count, f"{order}: {count} things to tell, {told[order]} told")

    # ---- what is stored

    def _order_ids(self) -> list[str]:
        return [pk.removeprefix("ORDER#") for (pk, sk), _ in self._world.database.items() if sk == "ORDER"]

    def _sale(self, order_id: str) -> Sale:
        pk = f"ORDER#{order_id}"
        order, payment = self._world.database.item(pk, "ORDER"), self._world.database.item(pk, "PAYMENT")
        assert order is not None
        assert payment is not None
        parts = tuple(
            {**_json(item, "document"), "status": item["status"]["S"]}
            for (at, sk), item in self._world.database.items()
            if at == pk and sk.startswith("FULFILMENT#")
        )
        return Sale(order_id, _json(order, "document"), _json(payment, "document"), payment["status"]["S"], parts)

    def _token(self, sale: Sale) -> str:
        tokens = [book["token"]["S"] for book in self._books(sale, "authorise") if "token" in book]
        return str(tokens[0]) if tokens else "-"

    def _held(self, sale: Sale) -> int:
        """What the provider still holds of an order's money."""
        return sum(int(book["remaining"]["N"]) for book in self._books(sale, "authorise") if _acted(book))

    def _books(self, sale: Sale, intent: str) -> list[Mapping[str, Any]]:
        """The provider's books of an order that are about an intent: `authorise`, `capture` or `void`."""
        start = f"SANDBOX#{sale.id}:{intent}"
        return [item for (pk, _), item in self._world.database.items() if pk.startswith(start)]


def _acted(book: Mapping[str, Any]) -> bool:
    """Whether the provider did something under this key, and did not decline or bar it."""
    return "operations" in book and book["operations"] == {"N": "1"} and "declined" not in book


def _id_in(intent: Intent) -> str:
    return str(intent.reply.json["id"]) if intent.reply is not None else ""


def _json(item: Mapping[str, Any], name: str) -> Any:
    return json.loads(item[name]["S"])
