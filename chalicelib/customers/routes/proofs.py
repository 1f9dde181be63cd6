"""Proof that an address or number is the customer's, and what follows from it."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.customers import service
from chalicelib.customers.domain import (
    CodeRefused,
    ContactTaken,
    CustomerGone,
    Means,
    NothingToVerify,
    NotVerified,
    TooManyRequests,
)
from chalicelib.customers.routes.common import me, routes
from chalicelib.customers.schemas import ClaimedView, ConfirmVerification, CustomerView, VerificationView

_ASKING = [NothingToVerify, TooManyRequests, CustomerGone]
_CONFIRMING = [CodeRefused, ContactTaken, CustomerGone]


@routes.endpoint(
    "POST",
    "/v1/me/email-verifications",
    summary="Have a code sent to your e-mail address",
    answers={202: VerificationView},
    idempotent=True,
    raises=_ASKING,
)
def request_email_verification() -> Response:
    """To the address in your profile. It is good for fifteen minutes and five tries; the one before is of no use then."""
    return _request(Means.EMAIL, "/v1/me/email-verifications/confirm")


@routes.endpoint(
    "POST",
    "/v1/me/email-verifications/confirm",
    summary="Prove your e-mail address",
    body=ConfirmVerification,
    answers={200: CustomerView},
    idempotent=True,
    raises=_CONFIRMING,
)
def confirm_email_verification() -> Response:
    """With the code that was sent to it. Whatever is wrong with a code, the answer is the same."""
    return _confirm(Means.EMAIL)


@routes.endpoint(
    "POST",
    "/v1/me/phone-verifications",
    summary="Have a code sent to your phone",
    answers={202: VerificationView},
    idempotent=True,
    raises=_ASKING,
)
def request_phone_verification() -> Response:
    """To the number in your profile, as a text message."""
    return _request(Means.PHONE, "/v1/me/phone-verifications/confirm")


@routes.endpoint(
    "POST",
    "/v1/me/phone-verifications/confirm",
    summary="Prove your phone number",
    body=ConfirmVerification,
    answers={200: CustomerView},
    idempotent=True,
    raises=_CONFIRMING,
)
def confirm_phone_verification() -> Response:
    """With the code that was sent to it. Whatever is wrong with a code, the answer is the same."""
    return _confirm(Means.PHONE)


def _request(means: Means, confirm: str) -> Response:
    me()
    return http.once(
        lambda once: service.request_verification(
            means,
            by=http.caller(),
            once=once,
            answer=lambda begun: http.answer(202, VerificationView.of(begun), location=confirm),
        )
    )


def _confirm(means: Means) -> Response:
    given = http.body(ConfirmVerification)
    me()
    return http.once(
        lambda once: service.confirm_verification(
            means,
            given.code,
            by=http.caller(),
            once=once,
            answer=lambda customer: http.answer(200, CustomerView.of(customer), version=customer.version),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/me/claims",
    summary="Claim the orders you placed as a guest",
    answers={200: ClaimedView},
    idempotent=True,
    raises=[NotVerified, CustomerGone],
)
def claim_orders() -> Response:
    """Those with the e-mail address that you have proven; 25 at a time."""
    me()
    return http.once(
        lambda once: service.claim_orders(
            by=http.caller(), once=once, answer=lambda claimed: http.answer(200, ClaimedView.of(claimed))
        )
    )
