"""The steps of register-product: check, ask a person, publish or reject. Each is safe to repeat."""

from dataclasses import replace

from chalicelib.catalog.service import VariantTooLarge
from chalicelib.core.auth import Principal
from chalicelib.core.findings import Finding, Severity
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.core.workflow import Workflow
from chalicelib.listings import events
from chalicelib.listings.domain import life
from chalicelib.listings.domain.checks import Verdict
from chalicelib.listings.domain.images import urls_of
from chalicelib.listings.domain.listing import Listing, ProposalState, Terms, parts_of
from chalicelib.listings.gateways import ImageSource
from chalicelib.listings.service.access import must_find, must_find_seller
from chalicelib.listings.service.assess import Assessment, assess, look_at_images
from chalicelib.listings.service.gather import Gathered, gather
from chalicelib.listings.service.on_sale import settings_now
from chalicelib.listings.service.publish import stage_publication
from chalicelib.listings.service.settle import until_settled
from chalicelib.listings.store import items as store
from chalicelib.reviews import service as reviews

_SUPERSEDED: Outcome = {"outcome": "superseded", "review_id": None}


def check_listing(
    listing_id: str, version: int, decided: str | None, by: Principal, *, web: ImageSource | None = None
) -> Outcome:
    """Correct and check what was proposed as `version`, and publish it when it is clean: all in one transaction.

    Outcomes: `published` with its sku; `needs_review` with the review_id of a case that was opened, other than the case `decided`;
    `superseded` when that is not what the listing proposes any more.
    """

    def attempt() -> Outcome:
        listing, _ = must_find(listing_id)
        if not _is_proposed(listing, version):
            return _SUPERSEDED
        waiting = _waiting(listing, decided)
        if waiting is not None:
            return waiting
        return _judge(listing, by, web, passed_over=False)

    return until_settled(attempt)


def publish_listing(listing_id: str, version: int, decided: str | None, by: Principal) -> Outcome:
    """Publish what a person approved in the case `decided`, whatever else was found in it; what nobody may pass over goes back to
    review. Outcomes as of `check_listing`."""

    def attempt() -> Outcome:
        listing, _ = must_find(listing_id)
        if not _is_proposed(listing, version):
            return _SUPERSEDED
        waiting = _waiting(listing, decided)
        return waiting or _judge(listing, by, None, passed_over=True)

    return until_settled(attempt)


def reject_listing(listing_id: str, version: int, by: Principal) -> Outcome:
    """Refuse what was proposed as `version`; what is published goes on selling. Outcomes: `rejected`, `superseded`."""

    def attempt() -> Outcome:
        before, _ = must_find(listing_id)
        if not _is_proposed(before, version):
            return _SUPERSEDED
        after = life.rejected(before)
        tx = Transaction()
        store.put_listing(tx, before, after)
        events.listing_rejected(tx, after, by)
        tx.commit()
        return {"outcome": "rejected"}

    return until_settled(attempt)


def open_listing_review(
    listing_id: str,
    version: int,
    decided: str | None,
    error: str | None,
    task_token: str,
    by: Principal,
    *,
    workflow: Workflow | None = None,
) -> None:
    """Let the workflow wait for the case of what was proposed as `version`. After an `error` there may be none yet: then one is
    opened, so that no failure goes unseen."""

    def attempt() -> str | None:
        listing, _ = must_find(listing_id)
        if not _is_proposed(listing, version):
            return None
        waiting = _waiting(listing, decided)
        if waiting is not None:
            return str(waiting["review_id"])
        proposal = listing.proposal
        words = f"The check could not be finished: {(error or 'no reason given')[:300]}"
        found = Finding("", "check_failed", Severity.ERROR, words)
        document, findings = (proposal.document, proposal.findings) if proposal else ({}, ())
        return _send_to_review(listing, Assessment(dict(document), (), (*findings, found), Verdict.REVIEW), by)

    review_id = until_settled(attempt)
    if review_id is None:
        (workflow or Workflow()).complete(task_token, _SUPERSEDED)
    else:
        reviews.keep_token(review_id, task_token, by, workflow=workflow)


def _is_proposed(listing: Listing, version: int) -> bool:
    proposal = listing.proposal
    return proposal is not None and proposal.version == version and proposal.state is not ProposalState.REJECTED


def _waiting(listing: Listing, decided: str | None) -> Outcome | None:
    """That a case of it was opened by an earlier run of the same step, if so."""
    proposal = listing.proposal
    if proposal is None or proposal.state is not ProposalState.IN_REVIEW or proposal.review_id in (None, decided):
        return None
    return {"outcome": "needs_review", "review_id": proposal.review_id}


def _judge(listing: Listing, by: Principal, web: ImageSource | None, *, passed_over: bool) -> Outcome:
    supplier_id, supplier_sku = parts_of(listing.id)
    seller, settings = must_find_seller(supplier_id), settings_now()
    gathered = gather(seller, {supplier_sku: None})[supplier_sku]
    now = gathered.listing
    if now is None or now.version != listing.version:
        raise store.NextListing(f"{listing.id} changed while it was read.")
    urls = urls_of(gathered.fixed.document)
    images = look_at_images(urls, gathered.images, most=0 if passed_over else len(urls), web=web)
    assessed = assess(seller, gathered, settings, images)
    wanted = (Verdict.CLEAN, Verdict.REVIEW) if passed_over else (Verdict.CLEAN,)
    if assessed.verdict in wanted:
        try:
            return _publish(now, gathered.terms, gathered, assessed, by)
        except VariantTooLarge as error:
            found = Finding("/title", error.code, Severity.ERROR, error.detail)
            assessed = replace(assessed, findings=(*assessed.findings, found), verdict=Verdict.REFUSE)
    review_id = _send_to_review(now, assessed, by)
    return {"outcome": "needs_review", "review_id": review_id}


def _publish(listing: Listing, terms: Terms, gathered: Gathered, assessed: Assessment, by: Principal) -> Outcome:
    tx = Transaction()
    after = stage_publication(tx, listing, terms, gathered, assessed, settings_now(), by)
    tx.commit()
    return {"outcome": "published", "sku": after.sku}


def _send_to_review(before: Listing, assessed: Assessment, by: Principal) -> str:
    checked = life.checked(before, assessed.document, assessed.findings, assessed.corrections)
    tx = Transaction()
    title = str(assessed.document.get("title") or "")[:80]
    review_id = reviews.open_case(
        tx,
        subject_type="listing",
        subject_id=before.id,
        subject_version=checked.version,
        supplier_id=before.supplier_id,
        title=f"{before.supplier_sku}: {title}",
        findings=assessed.findings,
        by=by,
    )
    after = life.sent_to_review(checked, review_id)
    store.put_listing(tx, before, after)
    if assessed.corrections:
        events.listing_corrected(tx, after, assessed.corrections, by)
    events.listing_sent_to_review(tx, after, by)
    tx.commit()
    return review_id
