"""One order from the shop to an open door, and when each hop of its way came."""

import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import TimeoutError as NoAnswer
from dataclasses import dataclass, field
from typing import Any, TypeVar

import urllib3

from examples.locker_pickup.shop import CURRENCY, NAME, PARCEL, PARCEL_SIZE, PHONE, an_order, stock_one
from examples.online_retail.api import Api, Problem
from infra.local.lockers.cabinet import VirtualCabinet
from infra.local.lockers.happenings import Kind

LOOK_SECONDS = 0.1
"""Between two looks at what has not come yet."""

_T = TypeVar("_T")


class Late(Exception):
    """A hop did not come within its deadline."""


class Refused(Exception):
    """A hop came out otherwise than it should."""


@dataclass(frozen=True, slots=True)
class Hop:
    """Something that has happened; `at` is monotonic."""

    name: str
    what: str
    at: float


@dataclass(slots=True)
class Watch:
    """Waits for hops, each for `patience` seconds at most, and keeps when they came."""

    patience: float
    on_wait: Callable[[str], None] = lambda _: None
    begun: float = field(default_factory=time.monotonic)
    _hops: list[Hop] = field(default_factory=list)

    def passed(self, name: str, what: str, at: float | None = None) -> None:
        """A hop has come, now if nothing else is said."""
        self._hops.append(Hop(name, what, time.monotonic() if at is None else at))

    def wait(self, name: str, look: Callable[[], _T], is_it: Callable[[_T], Any]) -> _T:
        """What `look` sees as soon as it is what is waited for. Raises `Late` with what was seen last."""
        self.on_wait(name)
        end = time.monotonic() + self.patience
        while not is_it(seen := look()):
            if time.monotonic() > end:
                last = seen.get("status") if isinstance(seen, Mapping) else seen
                raise Late(f"“{name}” did not come within {self.patience:g} s; last seen: {last}")
            time.sleep(LOOK_SECONDS)
        return seen

    def steps(self) -> list[tuple[Hop, float]]:
        """Hops as they came, each with the seconds since the one before."""
        hops = sorted(self._hops, key=lambda hop: hop.at)
        before = [self.begun, *(hop.at for hop in hops)]
        return [(hop, hop.at - earlier) for hop, earlier in zip(hops, before, strict=False)]


@dataclass(frozen=True, slots=True)
class Outbox:
    """The texts that the local cloud did not send."""

    endpoint_url: str

    def texts_to(self, phone: str) -> list[str]:
        """What was texted to a number, oldest first."""
        answer = urllib3.request(
            "GET", f"{self.endpoint_url}/_ministack/sns/sms-messages", fields={"phoneNumber": phone}, timeout=10
        )
        return [str(one["Message"]) for one in answer.json()["sms_messages"].get(phone, ())]


def passcode_in(texts: Sequence[str], pickup_id: str) -> str | None:
    """The passcode in the link of the latest text about a pickup."""
    found = [match for text in texts for match in re.findall(rf"/v1/pickups/{pickup_id}/page#(\d{{6,8}})\b", text)]
    return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Collection:
    """Those who take part: a shopper, staff of the warehouse and of the site, an administrator, and a cabinet."""

    shopper: Api
    staff: Api
    outbox: Outbox
    cabinet: VirtualCabinet
    watch: Watch

    def run(self, site: Mapping[str, Any]) -> None:
        """Order, load and collect at a site. Raises `Late`, `Refused`, `Problem`, `Unreachable`."""
        order = self._order(site)
        pickup = self._load(order)
        label = pickup["places"][0]["label"]
        self._open(pickup["id"], label.partition("/")[2])
        self._end(order["id"], label)

    def _order(self, site: Mapping[str, Any]) -> dict[str, Any]:
        run = uuid.uuid4().hex
        stock_one(self.staff, run)
        placed = self.shopper.post("/v1/orders", an_order(site["id"]), key=f"locker-pickup-order-{run}").body
        self.watch.passed("placed", f"{NAME}, to be collected at {site['id']}")
        order = self.watch.wait("paid", lambda: self._order_now(placed["id"]), lambda one: one["status"] == "confirmed")
        self.watch.passed("paid", f"confirmed: {order['id']}")
        return order

    def _order_now(self, order_id: str) -> dict[str, Any]:
        order: dict[str, Any] = self.shopper.get(f"/v1/orders/{order_id}")
        return order

    def _load(self, order: Mapping[str, Any]) -> dict[str, Any]:
        fulfilment_id = order["fulfilments"][0]["id"]
        pickup_id = "pck_" + fulfilment_id.removeprefix("ful_")
        packed = {"type": "packed", "packages": [{"id": PARCEL, "size": PARCEL_SIZE}]}
        self.staff.post(f"/v1/fulfilments/{fulfilment_id}/answers", packed, key=f"{fulfilment_id}-packed")
        self.watch.passed("packed", f"in the warehouse: parcel {PARCEL}, size {PARCEL_SIZE}")
        pickup = self.watch.wait(
            "allocated", lambda: self._pickup_now(pickup_id), lambda one: one and one["status"] == "allocated"
        )
        if pickup is None:
            raise AssertionError("unreachable: that is not allocated")
        self.watch.passed("allocated", f"compartment {pickup['places'][0]['number']} is kept for it")
        for place in pickup["places"]:
            scanned = {"compartment": place["label"], "packages": place["package_ids"]}
            path = f"/v1/pickups/{pickup_id}/loadings"
            pickup = self.staff.post(path, scanned, key=f"{pickup_id}-{place['number']}").body
        self.watch.passed("loaded", "compartment and parcel scanned by staff")
        return dict(pickup)

    def _pickup_now(self, pickup_id: str) -> dict[str, Any] | None:
        try:
            pickup: dict[str, Any] = self.staff.get(f"/v1/pickups/{pickup_id}")
            return pickup
        except Problem as problem:
            if problem.status == 404:
                return None
            raise

    def _open(self, pickup_id: str, number: str) -> None:
        def code_now() -> str | None:
            return passcode_in(self.outbox.texts_to(PHONE), pickup_id)

        code = self.watch.wait("texted", code_now, lambda found: found is not None)
        self.watch.passed("texted", f"passcode and link, to {PHONE}")
        # The line may have brought a command for the same door that an earlier run did not wait for.
        earlier = self.cabinet.happenings.count("commanded", compartment=number)
        self._type(str(code))
        command = self._cabinet_did("commanded", number, f"over MQTT: open door {number}", times=earlier + 1)
        self._cabinet_did("opened", number, f"door {number}", command)
        self._cabinet_did("acknowledged", number, "over MQTT: it is open", command)

    def _type(self, code: str) -> None:
        self.watch.on_wait("keyed")
        try:
            answer = self.cabinet.enter(code, self.watch.patience)
        except NoAnswer:
            raise Late(f"“keyed” did not come within {self.watch.patience:g} s: the keypad shows nothing") from None
        if answer.result != "accepted" or answer.offline:
            raise Refused(f"the keypad shows {answer.result}{', by itself' if answer.offline else ''}")
        at = self.cabinet.happenings.wait_for("answered").monotonic
        self.watch.passed("keyed", "typed at the keypad, accepted over MQTT", at)

    def _cabinet_did(self, kind: Kind, number: str, what: str, about: str | None = None, times: int = 1) -> str:
        """Wait for the cabinet to do something (about something) for so many times in all. What it was about."""
        self.watch.on_wait(kind)
        try:
            done = self.cabinet.happenings.wait_for(
                kind, compartment=number, about=about, times=times, timeout=self.watch.patience
            )
        except TimeoutError as error:
            raise Late(f"“{kind}” did not come within {self.watch.patience:g} s: {error}") from None
        self.watch.passed(kind, what, done.monotonic)
        return str(done.about)

    def _end(self, order_id: str, label: str) -> None:
        watch = self.watch
        watch.wait("delivered", lambda: self._order_now(order_id), lambda one: one["status"] == "delivered")
        watch.passed("delivered", "the order, since its door has opened")
        paid = watch.wait(
            "captured",
            lambda: self.staff.get(f"/v1/orders/{order_id}/payment"),
            lambda one: one["captured"] == one["amount"],
        )
        watch.passed("captured", f"{paid['captured'] / 100:.2f} {CURRENCY}")
        cabinet_id, _, number = label.partition("/")
        self._cabinet_did(
            "closed", number, f"door {number}", times=self.cabinet.happenings.count("opened", compartment=number)
        )
        watch.wait("free", lambda: self._compartment_now(cabinet_id, number), lambda status: status == "free")
        watch.passed("free", f"compartment {number} takes the next one")

    def _compartment_now(self, cabinet_id: str, number: str) -> str:
        compartments = self.staff.get(f"/v1/cabinets/{cabinet_id}")["compartments"]
        return next(str(one["status"]) for one in compartments if one["number"] == number)
