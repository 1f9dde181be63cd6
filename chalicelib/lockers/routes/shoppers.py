"""Routes for shoppers: more time, a code for somebody they send, and the page behind the link."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from chalice.app import Response

from chalicelib.core import clock, http
from chalicelib.core.auth import guest
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.lockers import service
from chalicelib.lockers.domain.pickups import NoMoreExtensions, PickupOutOfTurn
from chalicelib.lockers.routes.blueprint import routes
from chalicelib.lockers.schemas.pickups import ConfirmPickup, PasscodeView, WaitingView
from chalicelib.lockers.schemas.sites import DirectionsView
from chalicelib.lockers.service import PasscodeLocked, PasscodeRefused, Pickup
from chalicelib.orders import service as orders


def _of_caller(pickup_id: str) -> Pickup:
    """The pickup, for whose order it is and for staff. Raises `NotFound` for anyone else."""
    pickup = service.find_pickup(pickup_id)
    if pickup.fulfilment_id is not None:
        orders.read_order(pickup.order_id, http.caller())
    elif not http.caller().is_staff:
        # Of another system, which may call its order as we call one of ours.
        raise NotFound(f"There is no pickup {pickup_id}.")
    return pickup


@routes.endpoint(
    "POST",
    "/v1/pickups/{pickup_id}/extensions",
    summary="Keep a pickup longer",
    answers={200: WaitingView},
    idempotent=True,
    raises=[NotFound, NoMoreExtensions, PickupOutOfTurn],
)
def extend_pickup(pickup_id: str) -> Response:
    """For whose order it is, and for staff; as often as the site allows."""
    _of_caller(pickup_id)
    return http.once(
        lambda once: service.extend_pickup(
            pickup_id,
            by=http.caller(),
            once=once,
            answer=lambda pickup: http.answer(200, WaitingView.of(pickup)),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/pickups/{pickup_id}/code-extensions",
    summary="Keep a pickup longer, with its passcode",
    body=ConfirmPickup,
    answers={200: WaitingView},
    public=True,
    idempotent=True,
    raises=[PasscodeRefused, PasscodeLocked, NoMoreExtensions],
)
def extend_pickup_by_code(pickup_id: str) -> Response:
    """For one who has no account. The code stays of use; a wrong one costs a try, as it does for opening."""
    given = http.body(ConfirmPickup)

    def extend(once: Idempotency) -> Answer:
        service.check_code(pickup_id, given.code, caller=http.caller_name())
        return service.extend_pickup(
            pickup_id,
            by=guest(pickup_id),
            once=once,
            answer=lambda pickup: http.answer(200, WaitingView.of(pickup)),
        )

    return http.once(extend, service.fingerprint_of(pickup_id, given.code))


@routes.endpoint(
    "POST",
    "/v1/pickups/{pickup_id}/delegates",
    summary="Let somebody else collect a pickup",
    answers={201: PasscodeView},
    raises=[NotFound, PickupOutOfTurn],
)
def add_delegate(pickup_id: str) -> Response:
    """A second passcode, to be passed on; one that was made before opens nothing any more. Whichever code comes first opens."""
    _of_caller(pickup_id)
    issued = service.issue_passcode(pickup_id, "delegate")
    view = PasscodeView(
        pickup_id=pickup_id, whose=issued.whose, code=issued.digits, expires_at=str(issued.pickup.expires_at)
    )
    answer = http.send(http.answer(201, view, location=f"/v1/pickups/{pickup_id}/delegates"))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@routes.endpoint(
    "POST",
    "/v1/pickups/{pickup_id}/delegate-revocations",
    summary="Let nobody else collect a pickup",
    answers={204: None},
    raises=[NotFound],
)
def remove_delegate(pickup_id: str) -> Response:
    """The second passcode opens nothing any more."""
    _of_caller(pickup_id)
    service.revoke_delegate(pickup_id)
    return http.send(http.answer(204))


@routes.endpoint(
    "GET",
    "/v1/pickups/{pickup_id}/directions",
    summary="Read where a pickup is, and when",
    answers={200: DirectionsView},
    public=True,
    raises=[NotFound],
)
def read_directions(pickup_id: str) -> Response:
    """For whoever has the link: what is known of its site, which is no secret, and nothing of the order."""
    site = service.read_site(service.find_pickup(pickup_id).site_id)
    return http.ok(DirectionsView.of_site(site, clock.now()))


@routes.endpoint(
    "GET",
    "/v1/pickups/{pickup_id}/page",
    summary="The page behind a pickup's link",
    answers={200: http.Html()},
    public=True,
)
def show_pickup_page(pickup_id: str) -> Response:
    """It shows the code, which stands behind the `#` of the link and so reaches no server; the way to the locker and its hours; and a
    button that opens it."""
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _policy(),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "public, max-age=300",
    }
    return http.send(Answer(200, _page(), headers))


@cache
def _page() -> str:
    return (Path(__file__).parent / "page.html").read_text(encoding="utf-8")


@cache
def _policy() -> str:
    """Nothing but what the page itself holds is run, and nothing but this API is called."""
    hashes = {
        tag: b64encode(sha256(found.group(1).encode()).digest()).decode()
        for tag in ("script", "style")
        if (found := re.search(f"<{tag}>(.*?)</{tag}>", _page(), re.DOTALL))
    }
    return (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; style-src 'sha256-{hashes['style']}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
