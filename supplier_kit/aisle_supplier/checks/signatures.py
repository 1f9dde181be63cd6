"""Does it take what Aisle signed, and nothing else?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aisle_supplier import samples, signing
from aisle_supplier.checks.probe import Probe, shown
from aisle_supplier.checks.registry import ANSWERS, SIGNED, Failed, NotChecked, check
from aisle_supplier.client import encoded
from aisle_supplier.wire import Answer

REFUSE = "Refuse with `401` what is not signed, is signed with another secret, or whose timestamp is more than five minutes away."
VERIFY = "Verify every call, before anything else, with a library of standardwebhooks.com over the bytes as they came."


@check(
    SIGNED,
    "Signed as Standard Webhooks has it: `<webhook-id>.<webhook-timestamp>.<body>`; the body of a GET is empty.",
    "Is --secret the one that this endpoint knows, and its clock right? Verify the bytes as they came, not parsed JSON.",
    needs=(ANSWERS,),
)
def valid(probe: Probe) -> None:
    order = _an_order(probe)
    _taken(probe, probe.client.signed(f"{order['allocation_id']}.status", b""), order)


@check("signature.missing", REFUSE, VERIFY, needs=(SIGNED,))
def missing(probe: Probe) -> None:
    _refused(probe, _an_order(probe), {})


@check("signature.missing-status", REFUSE, "Verify GET calls, too; their body is empty.", needs=(SIGNED,))
def missing_status(probe: Probe) -> None:
    _refusal(probe.client.send("GET", f"/orders/{_an_order(probe)['allocation_id']}", b"", {}))


@check("signature.wrong-secret", REFUSE, VERIFY, needs=(SIGNED,))
def wrong_secret(probe: Probe) -> None:
    order = _an_order(probe)
    other = probe.client.signed(order["allocation_id"], encoded(order), secret=signing.new_secret())
    _refused(probe, order, other)


@check("signature.old-timestamp", REFUSE, "Compare webhook-timestamp with the clock.", needs=(SIGNED,))
def old_timestamp(probe: Probe) -> None:
    _refused_at(probe, timedelta(minutes=-10))


@check("signature.future-timestamp", REFUSE, "Compare webhook-timestamp with the clock.", needs=(SIGNED,))
def future_timestamp(probe: Probe) -> None:
    _refused_at(probe, timedelta(minutes=10))


@check("signature.tampered-body", REFUSE, VERIFY, needs=(SIGNED,))
def tampered_body(probe: Probe) -> None:
    order = _an_order(probe)
    signed = probe.client.signed(order["allocation_id"], encoded(order))
    order["lines"][0]["quantity"] += 1
    _refused(probe, order, signed)


@check(
    "signature.several",
    "`v1,<base64>`, more than one separated by spaces while a secret is being replaced.",
    "Take a call if any of its v1 signatures is right; skip versions that you do not know.",
    needs=(SIGNED,),
)
def several(probe: Probe) -> None:
    order = _an_order(probe)
    webhook_id = f"{order['allocation_id']}.status"
    right = probe.client.signed(webhook_id, b"")
    other = probe.client.signed(webhook_id, b"", secret=signing.new_secret())["webhook-signature"]
    both = {**right, "webhook-signature": f"{other} v2,{other[3:]} {right['webhook-signature']}"}
    _taken(probe, both, order)


def _an_order(probe: Probe) -> dict[str, Any]:
    return samples.an_order((probe.options.sku or samples.UNKNOWN_SKU, 1))


def _taken(probe: Probe, headers: dict[str, str], order: dict[str, Any]) -> None:
    answer = probe.client.send("GET", f"/orders/{order['allocation_id']}", b"", headers)
    if answer.status in (401, 403):
        raise Failed(f"a call that is signed rightly was answered with {shown(answer)}")


def _refused_at(probe: Probe, away: timedelta) -> None:
    order = _an_order(probe)
    _refused(probe, order, probe.client.signed(order["allocation_id"], encoded(order), datetime.now(UTC) + away))


def _refused(probe: Probe, order: dict[str, Any], headers: dict[str, str]) -> None:
    answer = probe.client.send("POST", "/orders", encoded(order), headers)
    _refusal(answer)
    if probe.client.status(order["allocation_id"]).status == 200:
        raise Failed(f"it was answered with {answer.status}, but GET knows the order: it was refused and yet taken")


def _refusal(answer: Answer) -> None:
    if answer.status in (429, 503):
        raise NotChecked(f"it was put off with {answer.status}")
    if answer.status not in (401, 403):
        raise Failed(f"it was answered with {shown(answer)}")
