"""Routes for cabinets that poll, and for the tokens that they do it with."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.lockers import service
from chalicelib.lockers.domain.cabinets import CabinetRetired
from chalicelib.lockers.routes.blueprint import SCOPE, routes
from chalicelib.lockers.schemas.polling import ActivationView, CabinetSays, TokenView, ToldListView, ToldView
from chalicelib.lockers.service import Messages

TOKEN = "Cabinet-Token"  # noqa: S105  the name of a header


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/activations",
    summary="Let a device claim to be a cabinet",
    answers={201: ActivationView},
    scopes=[SCOPE],
    raises=[NotFound, CabinetRetired],
)
def issue_activation(cabinet_id: str) -> Response:
    """For fleet provisioning: the device sends the code with its serial number and gets a certificate of its own. The code before is of
    no use any more."""
    code, expires_at = service.issue_activation(cabinet_id, http.caller())
    view = ActivationView(cabinet_id=cabinet_id, activation_code=code, expires_at=expires_at)
    answer = http.send(http.answer(201, view, location=f"/v1/cabinets/{cabinet_id}"))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/tokens",
    summary="Issue a token for a cabinet that polls",
    answers={201: TokenView},
    scopes=[SCOPE],
    raises=[NotFound, CabinetRetired],
)
def issue_cabinet_token(cabinet_id: str) -> Response:
    """It is shown this once; the one before is of no use any more."""
    token = service.issue_token(cabinet_id, http.caller())
    view = TokenView(cabinet_id=cabinet_id, token=token)
    answer = http.send(http.answer(201, view, location=f"/v1/cabinets/{cabinet_id}"))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/token-revocations",
    summary="Revoke a cabinet's token",
    answers={204: None},
    scopes=[SCOPE],
    raises=[NotFound],
)
def revoke_cabinet_token(cabinet_id: str) -> Response:
    """Whoever has it is not listened to any more."""
    service.revoke_token(cabinet_id, http.caller())
    return http.send(http.answer(204))


@routes.endpoint(
    "GET",
    "/v1/cabinets/{cabinet_id}/commands",
    summary="Fetch what a cabinet is to do",
    answers={200: ToldListView},
    public=True,
    token=TOKEN,
)
def poll_commands(cabinet_id: str) -> Response:
    """For cabinets that hold no line open: the commands that they have not answered, as they would come over MQTT. Ask every few
    seconds; a command is dropped after its `expires_at`."""
    return http.ok(_told(service.poll_commands(cabinet_id, http.header(TOKEN))))


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/messages",
    summary="Say what a cabinet has to say",
    body=CabinetSays,
    answers={200: ToldListView},
    public=True,
    token=TOKEN,
    raises=[NotFound],
)
def hear_cabinet(cabinet_id: str) -> Response:
    """The same messages as over MQTT, one at a time; what it is told in return stands in the answer. Saying the same again changes
    nothing."""
    given = http.body(CabinetSays)
    return http.ok(_told(service.hear_polling(cabinet_id, http.header(TOKEN), given.channel, given.said)))


def _told(messages: Messages) -> ToldListView:
    return ToldListView(messages=[ToldView(channel=channel, message=message) for channel, message in messages])
