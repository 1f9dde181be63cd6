"""Many at once at the lockers: every door opens once, to whom it is for, and whoever guesses gets nowhere.

AISLE_CABINETS and AISLE_PICKUPS (of each cabinet) set how large the crowd is.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import shuffle
from statistics import median
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from infra.local.lockers.cabinet import VirtualCabinet
from infra.local.testing import Answer
from tests.journeys.conftest import GONE_AFTER, Shop, until
from tests.journeys.lockers import QUICK, Mall, a_mall, a_phone, an_address

pytestmark = pytest.mark.alone

CABINETS = int(os.environ.get("AISLE_CABINETS", "6"))
PICKUPS = int(os.environ.get("AISLE_PICKUPS", "4"))
ORDERS = min(2, PICKUPS)
"""Of the pickups of each cabinet, so many are orders that are placed, packed and loaded; the others are of another system."""

AT_ONCE = 8
PATIENT = replace(QUICK, answer_within=60.0)
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
    address: str = field(default_factory=an_address)

    def taps(self, code: str) -> bool:
        """Tap on the link until the answer is for good: whether it opens."""
        key = uuid4().hex

        def tap() -> Answer | None:
            answer = self.mall.confirms(self.pickup_id, code, key=key, address=self.address)
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
        """Seconds from the shopper's code, used twice at once, to the open door. Before, it is tried where it opens nothing, and so
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
        used_at = time.monotonic()
        with ThreadPoolExecutor(2) as hands:
            ways = (shopper.taps, keypads.get(shopper.number, shopper.taps))
            uses = [hands.submit(way, shopper.code) for way in ways]
        assert sorted(use.result() for use in uses) == [False, True]
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
            one.cabinet.happenings.wait_for("opened", compartment=one.compartment, timeout=GONE_AFTER)
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
