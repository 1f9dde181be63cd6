"""Many at once at the lockers: every door opens once, to whom it is for, and whoever guesses gets nowhere.

AISLE_CABINETS and AISLE_PICKUPS (of each cabinet) set how large the crowd is.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import cycle
from random import shuffle
from statistics import median
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from infra.local.lockers.board import Answer as Shows
from infra.local.lockers.cabinet import VirtualCabinet
from infra.local.stack import ROOT
from infra.local.testing import Answer
from tests.journeys.conftest import GONE_AFTER, Shop, until
from tests.journeys.lockers import QUICK, Mall, Poller, a_mall, a_phone, an_address

pytestmark = pytest.mark.alone

CABINETS = int(os.environ.get("AISLE_CABINETS", "6"))
PICKUPS = int(os.environ.get("AISLE_PICKUPS", "4"))
ORDERS = min(2, PICKUPS)
"""Of the pickups of each cabinet, so many are orders that are placed, packed and loaded; the others are of another system."""

AT_ONCE = 6
PATIENT = replace(QUICK, answer_within=60.0, heartbeat_every=60.0)
"""A keypad that waits for the server however busy it is: what opens by a grant is another journey."""

One = TypeVar("One")
Made = TypeVar("Made")

log = logging.getLogger(__name__)


# ---- everybody comes at once --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shopper:
    """Somebody whose goods lie in a locker; of an order of ours if there is an `order_id`. `number` tells those of a cabinet apart."""

    mall: Mall
    cabinet: VirtualCabinet
    compartment: str
    number: int
    pickup_id: str
    code: str
    order_id: str | None

    def taps(self, code: str) -> bool:
        """Tap on the link, on some device, until the answer is for good: whether it opens."""
        key, address = uuid4().hex, an_address()

        def tap() -> Answer | None:
            answer = self.mall.confirms(self.pickup_id, code, key=key, address=address)
            return None if answer.status == 409 else answer

        answer: Answer = until(tap)
        assert answer.status in (200, 422), answer
        return answer.status == 200


def types(cabinet: VirtualCabinet, code: str) -> bool:
    """Type a code at a keypad until the answer is for good: whether it opens."""
    answer = until(lambda: (shown := cabinet.enter(code, timeout=GONE_AFTER)).result != "unavailable" and shown)
    assert answer.result in ("accepted", "refused"), answer
    assert not answer.offline
    return bool(answer.result == "accepted")


def each(do: Callable[[One], Made], ones: Sequence[One]) -> list[Made]:
    """Do it for all, some at a time."""
    with ThreadPoolExecutor(AT_ONCE) as hands:
        return list(hands.map(do, ones))


@contextmanager
def two_malls(shop: Shop) -> Iterator[tuple[Mall, Mall]]:
    """Two sites whose devices say everything twice, and some of it in the wrong order. Compartment 1 is larger than what is ordered."""
    sizes = ("XL", *["L"] * ORDERS, *["S"] * (PICKUPS - ORDERS))
    wanted: dict[str, Any] = {"sizes": sizes, "faults": "duplicate,resend@1,reorder@2", "habits": PATIENT}
    with (
        a_mall(shop, cabinets=CABINETS - CABINETS // 2, **wanted) as one,
        a_mall(shop, cabinets=CABINETS // 2, **wanted) as other,
    ):
        yield one, other


def collected_here(mall: Mall) -> list[Shopper]:
    """Orders that are placed, packed and loaded, as many as there are compartments for them, and their codes."""
    sku = mall.shop.sells(units=ORDERS * len(mall.cabinets))
    phones = [a_phone() for _ in range(ORDERS * len(mall.cabinets))]
    order_ids = each(lambda phone: mall.asks(sku, phone=phone), phones)
    pickup_ids = each(lambda order_id: mall.packs(mall.shop.reaches(order_id, "confirmed"), "L"), order_ids)
    loaded = each(mall.load, pickup_ids)
    codes = each(mall.code_for, phones)
    by_id, seen = {cabinet.id: cabinet for cabinet in mall.cabinets}, Counter[str]()
    shoppers = []
    for order_id, pickup, code in zip(order_ids, loaded, codes, strict=True):
        [place] = pickup["places"]
        cabinet_id, _, compartment = place["label"].partition("/")
        cabinet, number = by_id[cabinet_id], seen[cabinet_id]
        shoppers.append(Shopper(mall, cabinet, compartment, number, pickup["id"], code, order_id))
        seen[cabinet_id] += 1
    return shoppers


def lying_here(mall: Mall) -> list[Shopper]:
    """What another system says lies in all other compartments but the largest."""
    numbers = range(ORDERS, PICKUPS)
    found = each(lambda cabinet: of_another_system(mall, cabinet, numbers), mall.cabinets)
    return [shopper for some in found for shopper in some]


def of_another_system(mall: Mall, cabinet: VirtualCabinet, numbers: Sequence[int]) -> list[Shopper]:
    """What another system says lies in compartments of a cabinet, and its shoppers' codes."""
    phones = [mall.announces(f"{cabinet.id}/{number + 2}") for number in numbers]
    links = [mall.link_for(phone) for phone in phones]
    return [
        Shopper(mall, cabinet, str(number + 2), number, pickup_id, code, None)
        for number, (pickup_id, code) in zip(numbers, links, strict=True)
    ]


@dataclass(frozen=True)
class Visit:
    """A shopper at the lockers, `another` of the same site, a cabinet there and one of the other site."""

    shopper: Shopper
    another: Shopper
    beside: VirtualCabinet
    elsewhere: VirtualCabinet

    def happens(self) -> float:
        """Seconds from the shopper's code, used three times at once, to the open door. Before, it is tried where it opens nothing, and so
        are codes that open nothing here."""
        shopper = self.shopper
        assert not shopper.taps(self.another.code)
        if shopper.number == 0:
            assert not types(shopper.cabinet, nobodys(shopper.code))
        if shopper.number == 1:
            assert not types(self.elsewhere, shopper.code)
        keypads: dict[int, Callable[[str], bool]] = {
            0: lambda code: types(shopper.cabinet, code),
            1: lambda code: types(self.beside, code),
        }
        ways = [shopper.taps, shopper.taps, keypads.get(shopper.number, shopper.taps)]
        used_at = time.monotonic()
        with ThreadPoolExecutor(len(ways)) as hands:
            uses = [hands.submit(way, shopper.code) for way in ways]
        assert sorted(use.result() for use in uses) == [False, False, True]
        opened = shopper.cabinet.happenings.wait_for("opened", compartment=shopper.compartment, timeout=GONE_AFTER)
        assert opened.monotonic > used_at
        return opened.monotonic - used_at


def nobodys(code: str) -> str:
    """A code that is hardly anybody's, and not this one."""
    return f"{(int(code) + 50_000_000) % 10**8:08}"


def visits(mall: Mall, away: Mall, shoppers: Sequence[Shopper]) -> list[Visit]:
    """Everybody who comes to a site."""
    found = []
    for place, shopper in enumerate(shoppers):
        at = mall.cabinets.index(shopper.cabinet)
        elsewhere = away.cabinets[at % len(away.cabinets)]
        found.append(Visit(shopper, shoppers[place - 1], mall.cabinets[at - 1], elsewhere))
    return found


def doors(shoppers: Sequence[Shopper]) -> Counter[tuple[str, str | None]]:
    """Which door is to open how often."""
    return Counter((shopper.cabinet.id, shopper.compartment) for shopper in shoppers)


def openings(malls: Sequence[Mall]) -> Counter[tuple[str, str | None]]:
    """How often which door opened, as the cabinets noted it down themselves."""
    cabinets = [cabinet for mall in malls for cabinet in mall.cabinets]
    return Counter((cabinet.id, one.compartment) for cabinet in cabinets for one in cabinet.happenings.all("opened"))


def occupied(mall: Mall) -> list[str]:
    """Compartments of a site with something in them, or broken, as staff sees it."""
    cabinets = each(lambda cabinet: mall.shop.get(f"/v1/cabinets/{cabinet.id}", "associate").body, mall.cabinets)
    return [one["label"] for cabinet in cabinets for one in cabinet["compartments"] if one["status"] != "free"]


def test_a_crowd_is_let_in_once_each_whatever_else_is_tried(shop: Shop) -> None:
    with two_malls(shop) as malls:
        began = time.monotonic()
        # One at each site comes when all others are gone.
        left = [of_another_system(mall, mall.cabinet, [-1])[0] for mall in malls]
        crowds = [collected_here(mall) + lying_here(mall) for mall in malls]
        ready_at = time.monotonic()
        coming = [*visits(*malls, crowds[0]), *visits(*malls[::-1], crowds[1])]
        shuffle(coming)
        waited = sorted(each(Visit.happens, coming))
        gone_at = time.monotonic()
        shoppers = [visit.shopper for visit in coming]
        for one, crowd in zip(left, crowds, strict=True):
            assert not one.taps(crowd[0].code)
        each(lambda one: one.mall.becomes(one.pickup_id, "collected"), shoppers)
        each(lambda one: one.order_id and shop.reaches(one.order_id, "delivered"), shoppers)
        for one in left:
            until(lambda one=one: occupied(one.mall) == [f"{one.cabinet.id}/{one.compartment}"])
        expected = doors(shoppers)
        assert (expected.total(), len(expected)) == (CABINETS * PICKUPS, CABINETS * PICKUPS)
        assert openings(malls) == expected
        assert not any(cabinet.happenings.count("journalled") for mall in malls for cabinet in mall.cabinets)
        assert all(one.taps(one.code) for one in left)
        for one in left:
            one.cabinet.happenings.wait_for("closed", compartment=one.compartment, timeout=GONE_AFTER)
        assert openings(malls) == expected + doors(left)
        log.info(
            "%d cabinets × %d: ready after %.0f s, all doors open %.0f s later, %.2f/s; code to door %.1f s median, %.1f s p95",
            CABINETS,
            PICKUPS,
            ready_at - began,
            gone_at - ready_at,
            len(coming) / (gone_at - ready_at),
            median(waited),
            waited[int(len(waited) * 0.95)],
        )


# ---- everybody guesses at once ------------------------------------------------------------------------------------------

KEYS = 10**8
GUESSES = 16
"""On each way in: more than there are tries for anybody."""

TABLE = re.compile(r"^\| a (\w+) \([^|]*\| (\d+) \| (\d+) min, [^|]*\| (\d+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Limit:
    """What docs/lockers.md says of whom wrong codes are counted for."""

    tries: int
    lock_seconds: int
    in_a_day: int

    @staticmethod
    def documented() -> dict[str, Limit]:
        """For a pickup, a cabinet and a caller."""
        rows = TABLE.findall((ROOT / "docs" / "lockers.md").read_text())
        return {whose: Limit(int(tries), int(minutes) * 60, int(day)) for whose, tries, minutes, day in rows}


@dataclass(frozen=True)
class Shown:
    """What whoever tried a code got to see. `said` is all of it but ids and times."""

    result: str
    seconds: int | None
    said: str

    @staticmethod
    def by_link(answer: Answer) -> Shown:
        body = {name: value for name, value in answer.body.items() if name not in NAMES_IT}
        seconds = body.pop("retry_after_seconds", None)
        said = json.dumps([answer.status, body, sorted(answer.headers)]).replace(f"{seconds} seconds", "")
        return Shown(LINK[answer.status], seconds, said)

    @staticmethod
    def at_poller(message: dict[str, Any]) -> Shown:
        shown = {name: value for name, value in message.items() if name not in NAMES_IT}
        seconds = shown.pop("retry_after_seconds", None)
        return Shown(shown["result"], seconds, json.dumps(shown))

    @staticmethod
    def at_keypad(answer: Shows) -> Shown:
        return Shown(answer.result, answer.retry_after_seconds, repr(replace(answer, retry_after_seconds=None)))


LINK = {200: "accepted", 409: "unavailable", 422: "refused", 429: "locked"}
NAMES_IT = frozenset({"request_id", "message_id", "in_reply_to"})


def spread(count: int, known: Sequence[str]) -> list[str]:
    """Codes all over the key space, one from each of so many equal parts, and none of those that are known to be in use."""
    part = KEYS // count
    drawn = [start * part + secrets.randbelow(part - 1) for start in range(count)]
    return [f"{one + (f'{one:08}' in known):08}" for one in drawn]


@dataclass(frozen=True)
class Attack:
    """A way in, and whose tries it costs."""

    whose: str
    tries: Callable[[str], Shown]

    def guess(self, code: str) -> Shown:
        """What is shown for a code; again while it is not looked at for others that are in the way."""
        shown: Shown = until(lambda: (one := self.tries(code)).result != "unavailable" and one)
        return shown


def attacks(mall: Mall, poller: Poller, pickup_id: str, address: str) -> dict[str, Attack]:
    """Every way in: one link from ever other addresses, ever other links from one address, the keypad of either kind of cabinet."""
    routes, roles = cycle(("confirmations", "code-extensions")), cycle((None, "shopper", "associate"))

    def link(code: str) -> Shown:
        return Shown.by_link(mall.confirms(pickup_id, code, address=an_address(), to=next(routes)))

    def links(code: str) -> Shown:
        return Shown.by_link(mall.confirms(f"pck_{code:0>26}_1", code, address=address, role=next(roles)))

    def keypad(code: str) -> Shown:
        return Shown.at_keypad(mall.cabinet.enter(code, timeout=GONE_AFTER))

    def polling(code: str) -> Shown:
        return Shown.at_poller(poller.enter(code))

    return {
        "link": Attack("pickup", link),
        "links": Attack("caller", links),
        "keypad": Attack("cabinet", keypad),
        "polling keypad": Attack("cabinet", polling),
    }


def guessed(ways: Mapping[str, Attack], codes: Sequence[str]) -> dict[str, list[Shown]]:
    """What many see who guess on all ways at once."""
    guesses = [(name, code) for name in ways for code in spread(GUESSES, codes)]
    shuffle(guesses)
    found = each(lambda guess: ways[guess[0]].guess(guess[1]), guesses)
    return {name: [one for (way, _), one in zip(guesses, found, strict=True) if way == name] for name in ways}


def looked_at(shown: Sequence[Shown], limit: Limit) -> int:
    """How many codes were looked at: as many as there are tries, however many came at once. What is wrong looks the same, and so
    does what was not looked at, but for the time that is left."""
    assert Counter(one.result for one in shown) == {"refused": limit.tries, "locked": len(shown) - limit.tries}
    assert len({one.said for one in shown if one.result == "refused"}) == 1
    assert len({one.said for one in shown if one.result == "locked"}) == 1
    left = [one.seconds for one in shown if one.result == "locked"]
    # The first of them was locked out a moment ago.
    assert all(limit.lock_seconds - GONE_AFTER < (seconds or 0) <= limit.lock_seconds for seconds in left)
    return sum(one.result == "refused" for one in shown)


def test_whoever_guesses_on_all_ways_at_once_learns_nothing_and_locks_only_their_own(shop: Shop) -> None:
    limits = Limit.documented()
    assert set(limits) == {"pickup", "cabinet", "caller"}
    with a_mall(shop, cabinets=2, sizes=("S", "S"), habits=PATIENT) as mall:
        poller = mall.adds_poller([{"number": "1", "size": "S"}])
        ada, grace = of_another_system(mall, mall.cabinet, [-1, 0])
        [joan] = of_another_system(mall, mall.cabinets[1], [-1])
        codes, address = [one.code for one in (ada, grace, joan)], an_address()
        ways = attacks(mall, poller, ada.pickup_id, address)
        shown = guessed(ways, codes)
        tries = sum(looked_at(shown[name], limits[way.whose]) for name, way in ways.items())
        assert not openings([mall])

        # With t tries, n codes in use and d digits the odds are at most t · n / 10^d: of this, and of going on all day long.
        odds, daily = (
            Fraction(count * len(codes), KEYS) for count in (tries, sum(one.in_a_day for one in limits.values()))
        )
        log.info("%d of %d guesses looked at: odds of 1 to %d", tries, GUESSES * len(ways), 1 / odds)
        assert odds <= Fraction(35 * 3, KEYS)
        assert daily < Fraction(1, 50_000)

        # What is locked is locked for the right code, too, in the same words; whatever is not lets it in.
        wrong = {(name, one.result): one.said for name, some in shown.items() for one in some}
        for name, code in (("link", ada.code), ("keypad", grace.code), ("polling keypad", grace.code)):
            assert ways[name].guess(code).said == wrong[name, "locked"], name
        locked = [mall.confirms(joan.pickup_id, joan.code, address=address, role=role) for role in (None, "shopper")]
        assert [Shown.by_link(one).said for one in locked] == [wrong["links", "locked"]] * 2
        assert types(mall.cabinets[1], ada.code)
        assert grace.taps(grace.code)
        assert joan.taps(joan.code)
        for one in (ada, grace, joan):
            one.cabinet.happenings.wait_for("closed", compartment=one.compartment, timeout=GONE_AFTER)
        assert openings([mall]) == doors([ada, grace, joan])

        # Used, of another pickup, of none: what was mistyped is answered no differently.
        others = (
            (grace.pickup_id, grace.code),
            (joan.pickup_id, grace.code),
            (f"pck_{secrets.randbelow(10**26):026}_1", joan.code),
        )
        answers = [mall.confirms(pickup_id, code, address=an_address()) for pickup_id, code in others]
        assert {Shown.by_link(one).said for one in answers} == {wrong["link", "refused"]} == {wrong["links", "refused"]}
