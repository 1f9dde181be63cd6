"""The steps of the workflow onboard-supplier. Each is safe to repeat, and finds out whether it is still wanted: the workflow of an
older submission changes nothing, and none of these steps asks for another verification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.findings import Finding, Severity
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.core.workflow import Workflow
from chalicelib.reviews import service as reviews
from chalicelib.suppliers import events
from chalicelib.suppliers.domain import life
from chalicelib.suppliers.domain.profile import cannot_be_approved, claims_of, part
from chalicelib.suppliers.domain.record import Check, Supplier
from chalicelib.suppliers.domain.requirements import group_of, is_refused, standing_errors, unmet
from chalicelib.suppliers.gateways import secrets
from chalicelib.suppliers.service import corrections
from chalicelib.suppliers.service.finding import PARKED, drop_review, must_find, now
from chalicelib.suppliers.service.location import keep_location
from chalicelib.suppliers.service.validators import check_profile
from chalicelib.suppliers.service.validators.duplicates import DUPLICATES, check_duplicates
from chalicelib.suppliers.service.validators.endpoint import REQUIREMENT, probe_endpoint
from chalicelib.suppliers.store import items as store

_ATTEMPTS = 5


def settled(one: Supplier, version: int) -> Outcome | None:
    """What a workflow of this submission finds when there is nothing left to do for it, or None.

    Outcomes: `superseded`, there is a newer one, or the supplier is gone · `approved` · `rejected`.
    """
    if one.submission != version:
        return {"outcome": "superseded"}
    if one.is_open:
        return None
    if one.check is Check.REJECTED:
        return {"outcome": "rejected"}
    return {"outcome": "approved" if one.approved is not None and not life.is_gone(one) else "superseded"}


def _step(supplier_id: str, version: int, step: Callable[[Supplier], Outcome]) -> Outcome:
    for _ in range(_ATTEMPTS):
        one = must_find(supplier_id)
        with suppress(Stale, reviews.CaseExists, reviews.NewerCase):
            return settled(one, version) or step(one)
    raise Stale(f"Supplier {supplier_id} kept changing.")


def correct_profile(supplier_id: str, version: int, by: Principal) -> Outcome:
    """Put right what is sure. Outcomes: `corrected`, `unchanged`, or as of `settled`."""

    def step(one: Supplier) -> Outcome:
        made, _ = corrections.propose(one)
        if not made:
            return {"outcome": "unchanged"}
        after = life.with_corrections(one, made, by.as_actor(), now())
        tx = Transaction()
        store.change_supplier(tx, after)
        events.supplier_corrected(tx, after, made, by)
        tx.commit()
        observability.count("SupplierFieldsCorrected", len(made))
        return {"outcome": "corrected"}

    return _step(supplier_id, version, step)


def verify_profile(supplier_id: str, version: int, by: Principal) -> Outcome:
    """Find what is wrong, by all validators but the one that calls the endpoint. Outcomes: `verified`, or as of `settled`."""

    def step(one: Supplier) -> Outcome:
        _, proposed = corrections.propose(one)
        found = check_profile(one, store.screening_list())
        return _note(one, [*found, *corrections.as_findings(proposed)])

    return _step(supplier_id, version, step)


def probe(supplier_id: str, version: int, by: Principal) -> Outcome:
    """Try the endpoint out, if there is one that may be called. Outcomes: `none`, `verified`, or as of `settled`."""

    def step(one: Supplier) -> Outcome:
        url = one.profile.get("endpoint_url")
        if not url or any(group_of(finding) == REQUIREMENT for finding in one.findings):
            return {"outcome": "none"}
        held = secrets.read(supplier_id, fresh=True) or secrets.Credentials()
        found = probe_endpoint(url, held.valid(clock.now()), held.bearer_token)
        return _note(one, [*one.findings, *found]) if found else {"outcome": "verified"}

    return _step(supplier_id, version, step)


def _note(one: Supplier, findings: Sequence[Finding]) -> Outcome:
    tx = Transaction()
    store.change_supplier(tx, life.verified(one, findings, now()))
    tx.commit()
    return {"outcome": "verified"}


def decide(supplier_id: str, version: int, by: Principal) -> Outcome:
    """Approve what is in order, reject what the operator refuses by rule, leave the rest to a person; somebody without a name, too,
    whatever was waived.

    Outcomes: `needs_review`, or as of `settled`.
    """

    def step(one: Supplier) -> Outcome:
        checklist = store.checklist()
        errors = standing_errors(one, checklist)
        if is_refused(errors):
            return _reject(one, "rules", by)
        if errors or unmet(one, checklist) or cannot_be_approved(one.profile):
            return {"outcome": "needs_review"}
        return _approve(one, by)

    return _step(supplier_id, version, step)


def approve_reviewed(supplier_id: str, version: int, by: Principal) -> Outcome:
    """Approve what a reviewer has approved, whatever validators found; but not without what the checklist wants shown, without a
    name, or with a name that is another's. Outcomes: `needs_review`, or as of `settled`."""

    def step(one: Supplier) -> Outcome:
        nameless = cannot_be_approved(one.profile)
        if not nameless and not unmet(one, store.checklist()):
            return _approve(one, by)
        # What is unmet comes to the case as it stands when that is opened.
        known = {(finding.field, finding.rule) for finding in one.findings}
        _note(one, [*one.findings, *(new for new in nameless if (new.field, new.rule) not in known)])
        return {"outcome": "needs_review"}

    return _step(supplier_id, version, step)


def _approve(one: Supplier, by: Principal) -> Outcome:
    claims = claims_of(one.profile)
    after = life.approved(one, sorted(claims), now())
    tx = Transaction()
    _nobody_decides(tx, one, by)
    store.change_supplier(tx, after)
    store.claim(tx, one.id, after.claims)
    store.let_go(tx, one.id, sorted(set(one.claims) - set(claims)))
    keep_location(tx, one, after)
    if one.approved is None:
        events.supplier_approved(tx, after, by)
    else:
        events.supplier_changed(tx, after, by)
    try:
        tx.commit()
    except store.ClaimTaken:
        others = [finding for finding in one.findings if finding.rule not in DUPLICATES]
        _note(one, [*others, *check_duplicates(one.profile, one.id)])
        return {"outcome": "needs_review"}
    observability.count("SuppliersApproved")
    return {"outcome": "approved"}


def reject(supplier_id: str, version: int, reason: str, by: Principal) -> Outcome:
    """Refuse what was submitted: `review` decided so, or nobody did in time (`review_expired`). Outcomes as of `settled`."""
    return _step(supplier_id, version, lambda one: _reject(one, reason, by))


def _reject(one: Supplier, reason: str, by: Principal) -> Outcome:
    after = life.rejected(one, reason, now())
    tx = Transaction()
    _nobody_decides(tx, one, by)
    store.change_supplier(tx, after)
    events.supplier_rejected(tx, after, reason, by)
    tx.commit()
    return {"outcome": "rejected"}


def open_review(supplier_id: str, version: int, task_token: str, by: Principal) -> Outcome:
    """Open a case for a person, and keep the token of the workflow that waits for the decision. Safe to repeat.

    A workflow for which nothing is left to do goes on at once, with an outcome as of `settled`.
    """

    def step(one: Supplier) -> Outcome:
        review_id = one.review_id if one.check is Check.IN_REVIEW else None
        reviews.keep_token(review_id or _open(one, by), task_token, by)
        return {"outcome": "waiting"}

    outcome = _step(supplier_id, version, step)
    if outcome["outcome"] != "waiting":
        Workflow().complete(task_token, outcome)
    return outcome


def _open(one: Supplier, by: Principal) -> str:
    tx = Transaction()
    review_id = reviews.open_case(
        tx,
        subject_type="supplier",
        subject_id=one.id,
        subject_version=one.version + 1,
        supplier_id=one.id,
        title=f"{'Change' if one.approved else 'Application'} of {part(one.profile, '/trading_name') or one.id}",
        findings=[*one.findings, *unmet(one, store.checklist())],
        by=by,
    )
    after = life.sent_to_review(one, review_id, now())
    _no_longer_parked(tx, one, by)
    store.change_supplier(tx, after)
    events.supplier_sent_to_review(tx, after, by)
    tx.commit()
    return review_id


def park_onboarding(supplier_id: str, version: int, state: str, by: Principal) -> Outcome:
    """Leave to a person what could not be finished, with an alarm. The supplier can be submitted again when it is mended.

    Outcomes: `parked`, or as of `settled`.
    """
    message = (
        f"The step {state} failed for good; see the execution {supplier_id}-{version}. Submit again when it is mended."
    )

    def step(one: Supplier) -> Outcome:
        tx = Transaction()
        review_id = reviews.open_case(
            tx,
            subject_type=PARKED,
            subject_id=supplier_id,
            subject_version=version,
            supplier_id=supplier_id,
            title=f"Onboarding stopped at {state}",
            findings=[Finding("", "workflow.failed", Severity.ERROR, message)],
            by=by,
        )
        if len(tx):
            # What is settled at this moment leaves nobody anything to see to.
            store.check_version(tx, supplier_id, one.version)
            tx.commit()
        observability.count("CompensationParked")
        observability.log.error("parked for a person", supplier_id=supplier_id, version=version, state=state)
        return {"outcome": "parked", "review_id": review_id}

    return _step(supplier_id, version, step)


def _nobody_decides(tx: Transaction, one: Supplier, by: Principal) -> None:
    """It is settled: nothing is left of it for a person."""
    drop_review(tx, one, by, Stale)
    _no_longer_parked(tx, one, by)


def _no_longer_parked(tx: Transaction, one: Supplier, by: Principal) -> None:
    """What was submitted has got past where an earlier run was given up, so nobody has to see to that any more."""
    reviews.supersede(tx, PARKED, one.id, by)
