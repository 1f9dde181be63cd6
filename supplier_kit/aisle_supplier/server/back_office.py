"""What a supplier calls at Aisle: the answer that comes later, the shipment, the invoice. And when: a clock with things to do.

Each is sent until it has been taken, with the same `Idempotency-Key`: a lost answer does not ship twice.
"""

from __future__ import annotations

import heapq
import itertools
import json
import time
from collections.abc import Callable, Mapping
from threading import Condition, Thread
from typing import Any
from urllib.parse import quote

import urllib3

TRIES = 5
SECONDS = 10.0


class NotTaken(Exception):
    """Aisle refused it, or could not be reached."""


class Aisle:
    """Aisle's API, as far as a supplier's back office needs it. `url` is the base, e.g. https://api.example.com."""

    def __init__(self, url: str, token: str, supplier_id: str, *, pause: float = 0.5) -> None:
        self._base = f"{url.rstrip('/')}/v1/suppliers/{quote(supplier_id, safe='')}"
        self._token = token
        self._pause = pause
        self._pool = urllib3.PoolManager(timeout=SECONDS, retries=False)

    def answer(self, allocation_id: str, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Answer an order that was left open. Raises `NotTaken`."""
        return self.post(f"/orders/{allocation_id}/answers", answer, f"{allocation_id}.answer")

    def ship(self, allocation_id: str, units: Mapping[str, int], carrier: str, number: str) -> dict[str, Any]:
        """Report a parcel with `units` by line id. Raises `NotTaken`."""
        lines = [{"line_id": line_id, "quantity": quantity} for line_id, quantity in units.items()]
        body = {"lines": lines, "tracking": {"carrier": carrier, "number": number}}
        return self.post(f"/orders/{allocation_id}/shipments", body, f"{allocation_id}.{number}")

    def invoice(self, invoice: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Send an invoice as Aisle's API describes it; `key` names it. Raises `NotTaken`."""
        return self.post("/invoices", invoice, key)

    def post(self, path: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        """POST below the supplier's own path, until it is taken or refused. Raises `NotTaken`."""
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        trouble = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(self._pause * 2 ** (attempt - 1))
            try:
                reply = self._pool.request("POST", self._base + path, body=json.dumps(body), headers=headers)
            except urllib3.exceptions.HTTPError as error:
                trouble = type(error).__name__
                continue
            if reply.status < 400:
                taken = reply.json() if reply.data else {}
                return taken if isinstance(taken, dict) else {}
            trouble = f"{reply.status} {reply.data[:300].decode(errors='replace')}"
            if reply.status < 500 and reply.status not in (408, 409, 425, 429):
                break
        raise NotTaken(f"POST {path}: {trouble}")

    def close(self) -> None:
        """Give the connections back."""
        self._pool.clear()


class Agenda:
    """Things to do after so many seconds, one after the other, in a thread of their own."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._changed = Condition()
        self._stopped = False
        self._thread = Thread(target=self._work, name="back-office", daemon=True)

    def start(self) -> None:
        """Begin to do them."""
        self._thread.start()

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Do it then; not at all if it is stopped before."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._number), what))
            self._changed.notify()

    def stop(self) -> None:
        """Do nothing more; what is being done is finished first, for five seconds at most."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(5)

    def _work(self) -> None:
        while what := self._next():
            what()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopped:
                left = self._due[0][0] - time.monotonic() if self._due else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(left)
            return None
