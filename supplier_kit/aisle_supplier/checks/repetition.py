"""Asked again, does it say the same, and do nothing?"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from aisle_supplier import samples
from aisle_supplier.checks.probe import Probe
from aisle_supplier.checks.registry import ACCEPTS, Failed, check

AGAIN = "Whoever has answered an `allocation_id` before answers the same again and does nothing else."
STORE = "Store the answer with the allocation_id as a unique key, in one transaction with what it does to your stock."
AT_ONCE = 8


@check("repetition.same-answer", AGAIN, STORE, needs=(ACCEPTS,))
def same_answer(probe: Probe) -> None:
    order = probe.order()
    first = probe.accepted(order)
    for _ in range(2):
        again = probe.read(order, probe.client.order(order))
        if difference := again.differs_from(first):
            raise Failed(f"the second time {difference}")


@check("repetition.same-rejection", AGAIN, STORE, needs=("orders.unknown-sku",))
def same_rejection(probe: Probe) -> None:
    order = samples.an_order((samples.UNKNOWN_SKU, 1))
    first = probe.place(order)
    if difference := probe.place(order).differs_from(first):
        raise Failed(f"the second time {difference}")


@check(
    "repetition.at-once",
    AGAIN,
    f"{STORE} Who comes second waits for the first, or is told 503 with Retry-After; 409 would refuse the order for good.",
    needs=(ACCEPTS,),
)
def at_once(probe: Probe) -> None:
    order = probe.order()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: probe.client.order(order), range(AT_ONCE)))
    put_off = [answer for answer in answers if answer.status in (429, 503)]
    said = [probe.read(order, answer) for answer in answers if answer not in put_off]
    if not said:
        raise Failed(f"{AT_ONCE} at once were all put off with {answers[0].status}")
    for each in [*said, probe.known(order)]:
        if difference := each.differs_from(said[0]):
            raise Failed(f"of {AT_ONCE} at once, in one {difference} in another")


@check(
    "repetition.after-half-a-request",
    "Aisle repeats this call if the supplier does not know the allocation.",
    "Act when the whole body has come, not before.",
    needs=(ACCEPTS,),
)
def after_half_a_request(probe: Probe) -> None:
    order = probe.order()
    probe.client.abandon(order, whole=False)
    time.sleep(0.1)
    probe.accepted(order)


@check(
    "repetition.after-a-lost-answer",
    "The first answer may have been lost on its way.",
    "Finish what you began when the caller has gone, and tell the stored answer when it comes back.",
    needs=(ACCEPTS,),
)
def after_a_lost_answer(probe: Probe) -> None:
    order = probe.order()
    probe.client.abandon(order, whole=True)
    time.sleep(0.1)
    first = probe.accepted(order)
    if difference := probe.known(order).differs_from(first):
        raise Failed(f"the connection was cut before the answer; later {difference}")
