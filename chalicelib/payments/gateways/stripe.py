"""Stripe, by its official library: one PaymentIntent with manual capture per tender.

- Authorising is two calls under idempotency keys: create, which does nothing yet, and confirm. So the intent's id is always
  to be had, and what became of it is a matter of reading it.
- Stripe keeps idempotency keys for a day. What may be repeated later (refunds, partial captures) is looked for first.
- Answers are read as plain data (`raw_request`): the library's classes of objects, 30 MB, are not shipped.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chalicelib.core.aws import client
from chalicelib.core.errors import Invalid, Unavailable
from chalicelib.core.errors import NotFound as NotHere
from chalicelib.core.money import Money
from chalicelib.core.settings import settings
from chalicelib.payments.gateways.port import Answer, Approved, Call, Declined, NotFound, Unknown, Verb, answering

if TYPE_CHECKING:
    from stripe import StripeClient

Intent = dict[str, Any]

NAME = "stripe"
KEY, ORDER = "aisle_key", "aisle_order"
"""Metadata of what we make at Stripe: the call's key and the order."""
TOLERANCE_SECONDS = 300
"""How old a webhook's signature may be: Stripe's own default (docs.stripe.com/webhooks, "Replay attacks")."""

_MULTI = ":multi"
"""Ends the reference of an authorisation of which parts can be captured one by one."""
_UNCONFIRMED = ("requires_confirmation", "requires_action")
_HUNDREDFOLD = frozenset({"ISK", "UGX"})
_IN_TENS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
_UNSUPPORTED = frozenset({"MGA"})
"""Where Stripe's minor unit is not ISO 4217's: docs.stripe.com/currencies, "Special cases"."""


class SignatureInvalid(Invalid):
    code = "signature_invalid"
    title = "The message is not signed by Stripe"


class Refused(Exception):
    """Stripe understood, and said no."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def connected(secret_key: str, base_url: str | None = None) -> StripeClient:
    """A client of Stripe's API that answers or fails within the time of a workflow task."""
    import stripe
    import urllib3

    class Http(stripe.HTTPClient):  # type: ignore[misc]
        """By the HTTP library that the AWS SDK has brought along; the one Stripe asks for is another megabyte."""

        name = "urllib3"

        def __init__(self) -> None:
            super().__init__()
            timeout = urllib3.Timeout(connect=3, read=15)
            self._pool = urllib3.PoolManager(timeout=timeout, retries=False)

        def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> tuple[bytes, int, Any]:
            try:
                answer = self._pool.request(method.upper(), url, headers=dict(headers), body=post_data)
            except urllib3.exceptions.HTTPError as error:
                raise stripe.APIConnectionError("no answer", should_retry=True) from error
            return answer.data, answer.status, answer.headers

        def close(self) -> None:
            self._pool.clear()

    stripe.enable_telemetry = False
    addresses = {"base_addresses": {"api": base_url}} if base_url else {}
    return stripe.StripeClient(secret_key, http_client=Http(), max_network_retries=1, **addresses)


def _secret(arn: str) -> str:
    text: str = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return text.strip()


@cache
def _stripe() -> StripeClient:
    return connected(_secret(settings().stripe_key_arn))


class StripeGateway:
    """`token` is a PaymentMethod (`pm_…`), an authorisation a PaymentIntent (`pi_…`), a capture a Charge (`ch_…`)."""

    def __init__(self, stripe: Callable[[], StripeClient] = _stripe) -> None:
        self._stripe = stripe

    @answering
    def authorise(self, key: str, amount: Money, token: str) -> Answer:
        """Hold `amount`. A card that wants its holder's confirmation is declined: the storefront asks for that before."""
        try:
            intent = self._created(key, amount, token)
        except Refused as error:
            return Declined(error.code)
        try:
            intent = self._ask("post", f"{intent['id']}/confirm", f"{key}:confirm", expand=["latest_charge"])
        except Refused:
            intent = self._intent(intent["id"])
        if intent["status"] == "requires_action":
            self._ask("post", f"{intent['id']}/cancel", f"{key}:cancel")
            return Declined("authentication_required")
        answer = _authorisation(intent)
        return Unknown("not confirmed yet") if isinstance(answer, NotFound) else answer

    @answering
    def capture(self, key: str, authorisation: str, amount: Money) -> Answer:
        """Take `amount`. Where only one capture is possible, the rest is released with it."""
        intent_id, multi = _parsed(authorisation)
        more: dict[str, Any] = {}
        if multi:
            intent = self._intent(intent_id)
            if _mark(key) in intent["metadata"]:
                return Approved(_charge_of(intent))
            last = intent["amount_capturable"] == _units(amount)
            more = {"final_capture": last, "metadata": {_mark(key): str(amount.amount)}}
        try:
            intent = self._ask("post", f"{intent_id}/capture", key, amount_to_capture=_units(amount), **more)
        except Refused as error:
            found = self._captured(key, authorisation, amount)
            return found if isinstance(found, Approved) else Declined(error.code)
        return Approved(_charge_of(intent))

    @answering
    def void(self, key: str, authorisation: str) -> Answer:
        """Give back what is held."""
        intent_id, _ = _parsed(authorisation)
        try:
            self._ask("post", f"{intent_id}/cancel", key)
        except Refused as error:
            found = self._voided(authorisation)
            return Declined(error.code) if isinstance(found, NotFound) else found
        return Approved(intent_id)

    @answering
    def refund(self, key: str, capture: str, amount: Money) -> Answer:
        """Give back `amount` of a charge."""
        found = self._refunded(key, capture)
        if not isinstance(found, NotFound):
            return found
        metadata = {KEY: key, ORDER: _order_of(key)}
        try:
            refund = self._request("post", "/v1/refunds", key, charge=capture, amount=_units(amount), metadata=metadata)
        except Refused as error:
            return Declined(error.code)
        return _refund(refund)

    @answering
    def look_up(self, call: Call) -> Answer | NotFound:
        """Read it at Stripe. A search may be behind by a minute; then the call is made again under its key, which finds
        it."""
        if call.verb is Verb.AUTHORISE:
            try:
                found = self._ask(
                    "get", "search", query=f"metadata['{KEY}']:'{call.key}'", expand=["data.latest_charge"]
                )
            except Refused:  # not every account may search
                return NotFound()
            return _authorisation(found["data"][0]) if found["data"] else NotFound()
        if call.verb is Verb.CAPTURE:
            return self._captured(call.key, call.on, call.amount)
        return self._voided(call.on) if call.verb is Verb.VOID else self._refunded(call.key, call.on)

    @answering
    def forestall(self, call: Call) -> Answer | NotFound:
        """What became of it; an intent that was not confirmed is made if need be, and cancelled, so it never will be."""
        try:
            intent = self._intent(self._created(call.key, call.amount, call.on)["id"])
        except Refused:
            return NotFound()
        if intent["status"] in _UNCONFIRMED:
            self._ask("post", f"{intent['id']}/cancel", f"{call.key}:cancel")
            return NotFound()
        return _authorisation(intent) if intent["status"] != "canceled" else NotFound()

    def _created(self, key: str, amount: Money, token: str) -> Intent:
        return self._ask(
            "post",
            "",
            f"{key}:create",
            amount=_units(amount),
            currency=amount.currency.lower(),
            payment_method=token,
            payment_method_types=["card"],
            payment_method_options={"card": {"request_multicapture": "if_available"}},
            capture_method="manual",
            metadata={KEY: key, ORDER: _order_of(key)},
        )

    def _intent(self, intent_id: str) -> Intent:
        return self._ask("get", intent_id, expand=["latest_charge"])

    def _captured(self, key: str, authorisation: str, amount: Money) -> Approved | NotFound:
        intent_id, multi = _parsed(authorisation)
        intent = self._intent(intent_id)
        taken = _mark(key) in intent["metadata"] if multi else intent["status"] == "succeeded"
        return Approved(_charge_of(intent)) if taken else NotFound()

    def _voided(self, authorisation: str) -> Approved | NotFound:
        intent = self._intent(_parsed(authorisation)[0])
        return Approved(intent["id"]) if intent["status"] in ("canceled", "succeeded") else NotFound()

    def _refunded(self, key: str, charge: str) -> Answer | NotFound:
        made = self._request("get", "/v1/refunds", charge=charge, limit=100)
        found = [refund for refund in made["data"] if refund["metadata"].get(KEY) == key]
        return _refund(found[0]) if found else NotFound()

    def _ask(self, method: str, path: str, key: str | None = None, **parameters: Any) -> Intent:
        return self._request(method, f"/v1/payment_intents/{path}".rstrip("/"), key, **parameters)

    def _request(self, method: str, path: str, key: str | None = None, **parameters: Any) -> dict[str, Any]:
        import stripe

        options = {"idempotency_key": key} if key else {}
        try:
            answer = self._stripe().raw_request(method, path, **parameters, **options)
        except stripe.CardError as error:
            raise Refused(_decline(error)) from error
        except stripe.InvalidRequestError as error:
            raise Refused(
                "invalid_token" if error.param == "payment_method" else error.code or "invalid_request"
            ) from error
        except stripe.AuthenticationError as error:
            _stripe.cache_clear()  # the key was rotated
            raise Unavailable("Stripe does not accept the key.") from error
        except stripe.StripeError as error:
            raise Unavailable(f"Stripe did not answer ({type(error).__name__}).") from error
        found: dict[str, Any] = answer.data
        return found


def _decline(error: Any) -> str:
    details = error.json_body["error"] if error.json_body else {}
    return str(details.get("decline_code") or error.code or "card_declined")


def _authorisation(intent: Intent) -> Answer | NotFound:
    """What an intent says of the authorisation that it stands for."""
    status = intent["status"]
    if status in ("requires_capture", "succeeded"):
        multi = _is_multi(intent)
        return Approved(intent["id"] + (_MULTI if multi else ""), once=not multi)
    if status == "canceled":
        return Declined("cancelled")
    error = intent.get("last_payment_error")
    if status == "requires_payment_method" and error:
        return Declined(error.get("decline_code") or error.get("code") or "card_declined")
    return Unknown("still processing") if status == "processing" else NotFound()


def _is_multi(intent: Intent) -> bool:
    charge = intent.get("latest_charge")
    card = (charge.get("payment_method_details") or {}).get("card") if isinstance(charge, dict) else None
    return ((card or {}).get("multicapture") or {}).get("status") == "available"


def _charge_of(intent: Intent) -> str:
    charge = intent["latest_charge"]
    return str(charge["id"] if isinstance(charge, dict) else charge)


def _refund(refund: dict[str, Any]) -> Answer:
    if refund["status"] in ("failed", "canceled"):
        return Declined(refund.get("failure_reason") or f"refund_{refund['status']}")
    return Approved(refund["id"])


def _parsed(authorisation: str) -> tuple[str, bool]:
    return authorisation.removesuffix(_MULTI), authorisation.endswith(_MULTI)


def _mark(key: str) -> str:
    """How an intent's metadata remembers a capture; its names are at most forty characters."""
    return f"capture_{sha256(key.encode()).hexdigest()[:24]}"


def _order_of(key: str) -> str:
    return key.partition(":")[0]


def _units(amount: Money) -> int:
    """The amount in Stripe's minor units. Raises `Refused` where it has none for it."""
    if amount.currency in _UNSUPPORTED:
        raise Refused("currency_not_supported")
    if amount.currency in _IN_TENS and amount.amount % 10:
        raise Refused("amount_not_supported")
    return amount.amount * (100 if amount.currency in _HUNDREDFOLD else 1)


# ---- webhooks -----------------------------------------------------------------------------------------------------------


@cache
def _webhook_secret(arn: str) -> str:
    return _secret(arn)


def verified(payload: bytes, signature: str | None) -> dict[str, Any]:
    """The event that Stripe signed. Raises `SignatureInvalid`, also for one signed too long ago, and `NotFound` where the
    stage has no Stripe."""
    arn = settings().stripe_webhook_secret_arn
    if not arn:
        raise NotHere("This stage hears nothing from Stripe.")
    import stripe

    try:
        text = payload.decode()
        stripe.WebhookSignature.verify_header(text, signature or "", _webhook_secret(arn), TOLERANCE_SECONDS)
        event: dict[str, Any] = json.loads(text)
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise SignatureInvalid("The signature does not hold, or is too old.") from error
    return event


@dataclass(frozen=True, slots=True)
class AuthorisationTold:
    """Stripe tells what became of the authorisation with this key."""

    order_id: str
    key: str
    answer: Approved | Declined


@dataclass(frozen=True, slots=True)
class DisputeTold:
    """Stripe tells how a dispute about an intent stands, in Stripe's minor units."""

    intent: str
    id: str
    amount: int
    status: str


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """Stripe tells that a refund which it had accepted did not reach the customer."""

    order_id: str
    amount: int
    reason: str


Told = AuthorisationTold | DisputeTold | RefundFailed


def told_by(event: dict[str, Any]) -> Told | None:
    """What an event means to us; None for one that means nothing."""
    type, about = event["type"], event["data"]["object"]
    metadata = about.get("metadata") or {}
    if type in ("payment_intent.amount_capturable_updated", "payment_intent.payment_failed") and KEY in metadata:
        answer = _authorisation(about)
        if isinstance(answer, Approved | Declined):
            return AuthorisationTold(metadata[ORDER], metadata[KEY], answer)
    if type.startswith("charge.dispute.") and about.get("payment_intent"):
        return DisputeTold(about["payment_intent"], about["id"], about["amount"], about["status"])
    if type in ("refund.failed", "charge.refund.updated") and about["status"] == "failed" and KEY in metadata:
        return RefundFailed(metadata[ORDER], about["amount"], about.get("failure_reason") or "unknown")
    return None
