"""Guests and customers with their carts, over the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

from chalicelib.core.auth import Principal
from tests.conftest import Reply

CHECKOUT = {
    "contact": {"name": "Ada Lovelace", "email": "ada@example.com"},
    "shipping_address": {"name": "Ada Lovelace", "line1": "1 Mill Lane", "city": "Leeds", "country": "GB"},
    "tenders": [{"type": "card", "token": "tok_approved"}],
}


def _line(sku: str, seller: str | None) -> str:
    return f"/lines/{sku}" if seller is None else f"/lines/{sku}?seller={seller}"


@dataclass
class _Visitor:
    """Somebody with a cart. Every answer with a version moves their ETag on."""

    call: Callable[..., Reply]
    opened: Reply

    def __post_init__(self) -> None:
        self.id = str(self.opened.json["id"])
        self.etag = self.opened.etag

    def send(self, method: str, path: str = "", body: Any = None, **headers: str) -> Reply:
        raise NotImplementedError

    def _noted(self, reply: Reply) -> Reply:
        if reply.status == 200 and "etag" in reply.headers:
            self.etag = reply.etag
        return reply

    def sets(self, sku: str, quantity: int, etag: str | None = None, seller: str | None = None) -> Reply:
        headers = {"If-Match": etag or self.etag}
        return self._noted(self.send("PUT", _line(sku, seller), {"quantity": quantity}, **headers))

    def removes(self, sku: str, seller: str | None = None) -> Reply:
        return self._noted(self.send("DELETE", _line(sku, seller), **{"If-Match": self.etag}))

    def configures(self, **changes: Any) -> Reply:
        return self._noted(self.send("PATCH", "", changes, **{"If-Match": self.etag}))

    def looks(self) -> Reply:
        return self._noted(self.send("GET"))

    def checks_out(self, key: str | None = None, prefer: str | None = None, **given: Any) -> Reply:
        headers = {"Idempotency-Key": key or uuid4().hex, **({"Prefer": prefer} if prefer else {})}
        return self.send("POST", "/checkout", {**CHECKOUT, **given}, **headers)


@dataclass
class Guest(_Visitor):
    @classmethod
    def enters(cls, call: Callable[..., Reply], **given: Any) -> Self:
        opened = call("POST", "/v1/guest-carts", json={"currency": "GBP", **given})
        assert opened.status == 201, opened.text
        return cls(call, opened)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.token: str | None = self.opened.json["token"]

    def send(self, method: str, path: str = "", body: Any = None, **headers: str) -> Reply:
        token = {"Cart-Token": self.token} if self.token is not None else {}
        return self.call(method, f"/v1/guest-carts/{self.id}{path}", json=body, headers={**token, **headers})


@dataclass
class Customer(_Visitor):
    by: Principal

    @classmethod
    def enters(cls, call: Callable[..., Reply], by: Principal, **given: Any) -> Self:
        opened = call("POST", "/v1/carts", json={"currency": "GBP", **given}, by=by)
        assert opened.status in (200, 201), opened.text
        return cls(call, opened, by)

    def send(self, method: str, path: str = "", body: Any = None, **headers: str) -> Reply:
        return self.call(method, f"/v1/carts/{self.id}{path}", json=body, by=self.by, headers=headers)

    def merges(self, guest: Guest) -> Reply:
        token = {"Cart-Token": guest.token} if guest.token is not None else {}
        return self._noted(self.send("POST", "/merge", {"guest_cart_id": guest.id}, **token))
