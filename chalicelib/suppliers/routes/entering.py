"""Applying, by invitation or not; changing the profile; who acts for a supplier."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.core.schemas import PageQuery
from chalicelib.suppliers.domain.invitations import InvitationRefused
from chalicelib.suppliers.domain.life import NotInThisStatus
from chalicelib.suppliers.domain.requirements import RequirementUnknown
from chalicelib.suppliers.routes.blueprint import BOTH, OPERATOR, accepted, routes, sent
from chalicelib.suppliers.schemas.commands import AddMember
from chalicelib.suppliers.schemas.profile import AcceptInvitation, Apply, ChangeProfile, Invite
from chalicelib.suppliers.schemas.views import InvitationView, MemberView, SupplierView
from chalicelib.suppliers.service import use_cases as service
from chalicelib.suppliers.store import AlreadyMember


@routes.endpoint(
    "POST",
    "/v1/suppliers",
    summary="Apply to sell here",
    body=Apply,
    answers={202: SupplierView},
    idempotent=True,
    raises=[Forbidden, AlreadyMember, RequirementUnknown],
)
def apply_as_supplier() -> Response:
    """For a signed-in user with the role supplier, who becomes the supplier's first member. The profile is verified, and what is
    sure put right, by a workflow; read the supplier to see how far it has come."""
    given = http.body(Apply)
    return http.once(
        lambda once: service.apply(
            given.profile.as_profile(), given.attestations, by=http.caller(), once=once, answer=accepted
        )
    )


@routes.endpoint(
    "POST",
    "/v1/supplier-invitations",
    summary="Invite somebody to sell here",
    body=Invite,
    answers={201: InvitationView},
    scopes=OPERATOR,
    idempotent=True,
)
def invite_supplier() -> Response:
    """For the operator. Valid for 14 days. Whoever is invited is sent a mail with the token, where the stage sends mail; it is shown
    here this once, and whoever has it may apply with what is filled in."""
    given = http.body(Invite)
    return http.once(
        lambda once: service.invite(
            given.email,
            given.profile.as_profile(),
            by=http.caller(),
            once=once,
            answer=lambda made, token: http.answer(
                201, InvitationView.shown(made, token), location=f"/v1/suppliers/{made.supplier_id}"
            ),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/supplier-invitations/acceptances",
    summary="Apply by an invitation",
    body=AcceptInvitation,
    answers={202: SupplierView},
    idempotent=True,
    raises=[Forbidden, AlreadyMember, InvitationRefused, RequirementUnknown],
)
def accept_supplier_invitation() -> Response:
    """As applying; what is said now goes before what the operator filled in."""
    given = http.body(AcceptInvitation)
    said = given.model_dump_json(exclude={"token"}).encode()
    return http.once(
        lambda once: service.accept_invitation(
            given.token,
            given.profile.as_profile(),
            given.attestations,
            by=http.caller(),
            once=once,
            answer=accepted,
        ),
        payload=said,
    )


@routes.endpoint(
    "PATCH",
    "/v1/suppliers/{supplier_id}",
    summary="Change a supplier's profile",
    body=ChangeProfile,
    answers={202: SupplierView},
    scopes=BOTH,
    versioned=True,
    raises=[NotFound, NotInThisStatus],
)
def change_supplier(supplier_id: str) -> Response:
    """Each part that is sent replaces what was there. All of it is verified; an approved supplier sells meanwhile by what was
    approved before."""
    changes = http.body(ChangeProfile).as_changes()
    return sent(service.change_profile(supplier_id, http.expected_version(), changes, by=http.caller()), 202)


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/submissions",
    summary="Submit a profile again",
    answers={202: SupplierView},
    scopes=BOTH,
    idempotent=True,
    raises=[NotFound, NotInThisStatus, service.NothingToSubmit],
)
def submit_supplier(supplier_id: str) -> Response:
    """After a rejection, or when what was missing outside of the profile is there now: a secret, a document, a word."""
    return http.once(lambda once: service.submit_again(supplier_id, by=http.caller(), once=once, answer=accepted))


# ---- members ------------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/members",
    summary="Let a machine client act for a supplier",
    body=AddMember,
    answers={201: MemberView},
    scopes=BOTH,
    idempotent=True,
    raises=[NotFound, AlreadyMember],
)
def add_supplier_member(supplier_id: str) -> Response:
    """A client with the scope suppliers.self. It may then do whatever the supplier's users may."""
    client_id = http.body(AddMember).client_id
    made = http.answer(201, MemberView(id=f"machine:{client_id}"))
    return http.once(lambda once: service.add_client(supplier_id, client_id, by=http.caller(), once=once, answer=made))


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/members",
    summary="List who acts for a supplier",
    query=PageQuery,
    answers={200: http.list_of(MemberView)},
    scopes=BOTH,
    raises=[NotFound],
)
def list_supplier_members(supplier_id: str) -> Response:
    """Users and machine clients, by name."""
    wanted = http.query(PageQuery)
    page = service.list_members(supplier_id, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, lambda member: MemberView(id=member))


@routes.endpoint(
    "DELETE",
    "/v1/suppliers/{supplier_id}/members/{member_id}",
    summary="Let somebody act for a supplier no more",
    answers={204: None},
    scopes=BOTH,
    versioned=True,
    raises=[NotFound],
)
def remove_supplier_member(supplier_id: str, member_id: str) -> Response:
    """A user or machine client, as the list names it. If-Match is of the supplier."""
    service.remove_member(supplier_id, http.expected_version(), member_id, by=http.caller())
    return http.send(http.answer(204))
