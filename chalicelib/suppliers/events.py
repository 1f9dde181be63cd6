"""Events of suppliers: in the supplier's timeline. They name fields and rules, never what is in a field, and no person."""

from collections.abc import Sequence
from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.findings import Correction
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.suppliers.domain.invitations import Invitation
from chalicelib.suppliers.domain.record import Supplier
from chalicelib.suppliers.store.suppliers import supplier_pk

SOURCE = "suppliers"


def supplier_invited(tx: Transaction, one: Supplier, invitation: Invitation, by: Principal) -> None:
    """Somebody is asked to apply. Neither who nor the token is told: whoever sends the mail asks for them."""
    _publish(tx, "SupplierInvited", one, by, {"invitation_id": invitation.id, "expires_at": invitation.expires_at})


def supplier_applied(tx: Transaction, one: Supplier, by: Principal) -> None:
    """Somebody wants to sell here."""
    _publish(tx, "SupplierApplied", one, by, {})


def supplier_submitted(tx: Transaction, one: Supplier, by: Principal) -> None:
    """A profile is to be verified: the supplier sent or changed it, or the operator asks for it. Starts onboard-supplier."""
    _publish(tx, "SupplierSubmitted", one, by, {"submission": one.submission})


def supplier_corrected(tx: Transaction, one: Supplier, made: Sequence[Correction], by: Principal) -> None:
    """Fields of the profile that is being verified were corrected, or put back. Verifies nothing."""
    fields = [{"field": each.field, "rule": each.rule, "confidence": each.confidence} for each in made]
    _publish(tx, "SupplierCorrected", one, by, {"corrections": fields})


def supplier_sent_to_review(tx: Transaction, one: Supplier, by: Principal) -> None:
    """A person has to decide; `rules` are those that were broken."""
    rules = sorted({finding.rule for finding in one.findings})
    _publish(tx, "SupplierSentToReview", one, by, {"review_id": one.review_id, "rules": rules})


def supplier_approved(tx: Transaction, one: Supplier, by: Principal) -> None:
    """It may sell; its location is there."""
    _publish(tx, "SupplierApproved", one, by, {})


def supplier_changed(tx: Transaction, one: Supplier, by: Principal) -> None:
    """What it was approved with has changed, and was verified."""
    _publish(tx, "SupplierChanged", one, by, {})


def supplier_rejected(tx: Transaction, one: Supplier, reason: str, by: Principal) -> None:
    """Its application, or the change of an approved one, was refused. `reason`: review, review_expired, or rules: of
    the operator's, of which suppliers are not told which."""
    _publish(tx, "SupplierRejected", one, by, {"reason": reason, "was_approved": one.approved is not None})


def supplier_suspended(tx: Transaction, one: Supplier, by: Principal) -> None:
    """It does not sell for the time being."""
    _publish(tx, "SupplierSuspended", one, by, {})


def supplier_reinstated(tx: Transaction, one: Supplier, by: Principal) -> None:
    """It sells again."""
    _publish(tx, "SupplierReinstated", one, by, {})


def supplier_offboarded(tx: Transaction, one: Supplier, by: Principal) -> None:
    """It never sells again."""
    _publish(tx, "SupplierOffboarded", one, by, {})


def _publish(tx: Transaction, type: str, one: Supplier, by: Principal, data: dict[str, Any]) -> None:
    outbox.publish(
        tx,
        pk=supplier_pk(one.id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("supplier", one.id, one.version),
        by=by,
        data={"status": one.status, **data},
    )
