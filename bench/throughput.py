"""Orders per second through the deployed local API, and all the way to shipped.

The figures are of the local cloud on this machine, which does the work of API Gateway, Lambda, DynamoDB, EventBridge and
Step Functions beside the functions' own: they compare versions of Aisle, and say nothing of AWS.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter

from bench.ground import Ground
from bench.processes import Cpu, cpu_of
from bench.report import Figure, Target
from bench.shop import Client, Shop, WentWrong, open_shop, until
from examples.online_retail.warehouse import ANSWERS, REQUESTS, ByQueue, Warehouse

PART = "Orders through the local API"
CLIENTS = 8
BURST = 1_000
ALONE = 150
WARM_UP = 4 * CLIENTS
SHIPPED = 200
SKUS = 60
UNITS = 100_000
LINES = 3
MANY_LINES = 10
PATIENCE_SECONDS = 600.0
AT_LEAST, MEDIAN_MS = 25, 75


@dataclass(frozen=True)
class Run:
    """What some clients experienced who sent orders as fast as they were answered."""

    seconds: float
    latencies: list[float]
    accepted: list[bytes]
    refused: list[str]

    @property
    def rate(self) -> float:
        """Orders accepted per second."""
        return len(self.accepted) / self.seconds

    @property
    def median_ms(self) -> float:
        return median(self.latencies) * 1000

    @property
    def p95_ms(self) -> float:
        return quantiles(self.latencies, n=20)[-1] * 1000


def measure(ground: Ground) -> list[Figure]:
    shop = open_shop(ground.stack, SKUS, UNITS)
    requests = Requests(ground)
    requests.forget()
    send(shop, shop.orders(WARM_UP, LINES), CLIENTS)  # the functions warm, side by side
    requests.reach(WARM_UP)
    alone = send(shop, shop.orders(ALONE, LINES), 1)
    requests.reach(WARM_UP + ALONE)
    alone_many = send(shop, shop.orders(ALONE, MANY_LINES), 1)
    requests.reach(WARM_UP + 2 * ALONE)
    began, before = perf_counter(), cpu_of(ground.emulator_pid)
    burst = send(shop, shop.orders(BURST, LINES), CLIENTS)
    requests.reach(WARM_UP + 2 * ALONE + len(burst.accepted))
    carried = len(burst.accepted) / (perf_counter() - began)
    after = cpu_of(ground.emulator_pid)
    requests.forget()
    units = shop.check_stock()
    return [
        *_alone(f"1 client, {ALONE} orders of {LINES} lines", alone),
        *_alone(f"1 client, {ALONE} orders of {MANY_LINES} lines", alone_many),
        Figure(
            PART,
            f"{CLIENTS} clients, {BURST} orders of {LINES} lines",
            burst.rate,
            "orders/s",
            Target("≥", AT_LEAST),
            f"median {burst.median_ms:.0f} ms, p95 {burst.p95_ms:.0f} ms",
        ),
        Figure(
            PART,
            "of these not accepted",
            len(burst.refused),
            "",
            Target("=", 0),
            "; ".join(sorted(set(burst.refused))[:3]),
        ),
        Figure(PART, "units sold beyond the stock", 0, "", Target("=", 0), f"{units:,} units, checked SKU by SKU"),
        Figure(PART, "of these carried on to the warehouse's queue", carried, "orders/s", note="paid and confirmed"),
        *_cpu(before, after, len(burst.accepted)),
        _shipped(ground),
    ]


class Requests:
    """The queue to the warehouse: as nobody reads it, it counts the orders whose workflow has come as far as it can."""

    def __init__(self, ground: Ground) -> None:
        self._sqs = ground.stack.client("sqs")
        self._url = ground.stack.queue_url(REQUESTS)

    def forget(self) -> None:
        self._sqs.purge_queue(QueueUrl=self._url)

    def reach(self, count: int) -> None:
        """Wait until so many requests were sent since `forget`."""
        until(lambda: self._count() >= count, PATIENCE_SECONDS)

    def _count(self) -> int:
        name = "ApproximateNumberOfMessages"
        told = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(told["Attributes"][name])


def _alone(name: str, run: Run) -> list[Figure]:
    note = f"p95 {run.p95_ms:.0f} ms; {run.rate:.1f} orders/s"
    return [Figure(PART, f"{name}: median", run.median_ms, "ms", Target("≤", MEDIAN_MS), note)]


def _cpu(before: Cpu | None, after: Cpu | None, orders: int) -> list[Figure]:
    if before is None or after is None:
        return []
    used = (1000 * (late - early) / orders for early, late in zip(before, after, strict=True))
    whose = ("the emulator, one process", "the functions")
    return [Figure(PART, f"CPU per order so far: {who}", ms, "ms") for who, ms in zip(whose, used, strict=True)]


def _shipped(ground: Ground) -> Figure:
    """Orders carried from placing through payment, warehouse, shipping and capture, with a warehouse that answers at once."""
    shop = open_shop(ground.stack, SKUS, UNITS)
    sqs = ground.stack.client("sqs")
    way = ByQueue(sqs, ground.stack.queue_url(ANSWERS), gap_seconds=0)
    orders = shop.orders(SHIPPED, LINES)
    with Warehouse(sqs, ground.stack.queue_url(REQUESTS), way, steps=("shipped",)):
        began = perf_counter()
        run = send(shop, orders, CLIENTS)
        if run.refused:
            raise WentWrong(f"{len(run.refused)} orders were refused, the first: {run.refused[0]}")
        until(lambda: shop.shipped() == shop.sold(), PATIENCE_SECONDS, every=0.5)
        took = perf_counter() - began
    shop.check_stock()
    return Figure(
        PART,
        f"{SHIPPED} orders carried to shipped, {CLIENTS} clients",
        SHIPPED / took,
        "orders/s",
        note=f"{took:.0f} s",
    )


def send(shop: Shop, orders: Sequence[bytes], clients: int) -> Run:
    """Place the orders, each client its share, one after the other on one connection."""
    shares = [orders[number::clients] for number in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        connections = [Client(shop.stack, "shopper") for _ in shares]
        began = perf_counter()
        parts = list(pool.map(_place, connections, shares))
        seconds = perf_counter() - began
    for part in parts:
        shop.accepted += part[1]
    return Run(
        seconds,
        [latency for part in parts for latency in part[0]],
        [order for part in parts for order in part[1]],
        [refusal for part in parts for refusal in part[2]],
    )


def _place(client: Client, orders: Sequence[bytes]) -> tuple[list[float], list[bytes], list[str]]:
    latencies, accepted, refused = [], [], []
    for order in orders:
        began = perf_counter()
        status, told = client.send("POST", "/v1/orders", order)
        latencies.append(perf_counter() - began)
        if status == 202:
            accepted.append(order)
        else:
            refused.append(f"{status} {told[:120].decode(errors='replace')}")
    return latencies, accepted, refused
