"""What a supplier was not told, or its system does not do, although the order needs it: a person has to. Of each kind an allocation has
one open case."""

from collections import Counter
from collections.abc import Sequence

from chalicelib.core.auth import Principal
from chalicelib.core.findings import Finding, Severity
from chalicelib.core.table import Transaction
from chalicelib.fulfilment.service import Fulfilment
from chalicelib.reviews import service as reviews
from chalicelib.routing.domain.allocation import Allocation
from chalicelib.routing.domain.answers import Kind
from chalicelib.routing.store import items as store
from chalicelib.routing.store.items import Recall

PARKED = "parked"
"""What review cases call a step that was given up. Unlike those about units that nobody ships, no decision has an effect of its own."""

_WHEN_DONE = "Then decide `approve`; the decision changes nothing else."


def ask_about_late_recall(tx: Transaction, value: Allocation, recall: Recall, by: Principal) -> None:
    """Add to the transaction that a person sees to units that left before the supplier was told to leave them out: those of this recall,
    and of others before. A case of these alone is superseded."""
    late = [one for one in store.recalls_of(value.id) if one.state == Kind.TOO_LATE and one.id != recall.id]
    wanted = (
        "Agree with the supplier whether the parcel comes back or the customer keeps it, tell the customer, and look at the supplier's "
        f"invoice: units that were called off are not in what is expected. {_WHEN_DONE}"
    )
    what = "have left although the order does not want them from this supplier any more."
    findings = _of_units([*late, recall], "recall_too_late", what, wanted)
    title = "Units that left before they were recalled"
    _open(tx, value, "cancellation", 1 + len(late), title, findings, by)


def ask_about_unheard_recalls(tx: Transaction, value: Allocation, recalls: Sequence[Recall], by: Principal) -> None:
    """Add to the transaction, which writes this version of the allocation, that a person tells the supplier what its endpoint could not
    be told for a day: to leave out the units of these recalls, all that were given up. A case of others is superseded; without any
    recall nobody has to tell anything."""
    if not recalls:
        reviews.supersede(tx, PARKED, _subject(value, "recall"), by)
        return
    wanted = (
        "Tell the supplier in another way to leave them out, or have its system told again once that answers: `POST /v1/allocations/"
        f"{value.id}/retries`; this case closes when it was. If they have left, agree whether the parcel comes back. {_WHEN_DONE}"
    )
    what = "are not wanted any more, and the supplier could not be told for a day: it may ship them."
    title = "Units that the supplier was not told to leave out"
    _open(tx, value, "recall", value.version, title, _of_units(recalls, "recall_unheard", what, wanted), by)


def _of_units(recalls: Sequence[Recall], rule: str, what: str, wanted: str) -> list[Finding]:
    """One finding for each line, with the units of all recalls."""
    units: Counter[str] = Counter()
    for one in recalls:
        units.update(one.lines)
    return [
        Finding(f"/lines/{line_id}", rule, Severity.ERROR, f"{count} units {what}", wanted)
        for line_id, count in sorted(units.items())
    ]


def ask_about_unsupported_change(tx: Transaction, value: Allocation, part: Fulfilment, by: Principal) -> None:
    """Add to the transaction that a person tells the supplier what its system does not take: whether the parcel waits, and where it goes.
    A case of how it stood before is superseded."""
    found = Finding(
        "",
        "change_not_supported",
        Severity.ERROR,
        f"The supplier's system takes no changes (501). {_how_it_stands(part)}",
        f"{_TELL} {_WHEN_DONE}",
    )
    _open(tx, value, "change", part.version, "A change that the supplier's system does not take", [found], by)


def ask_about_unheard_change(tx: Transaction, value: Allocation, part: Fulfilment, why: str, by: Principal) -> None:
    """As `ask_about_unsupported_change`, for a change that did not arrive; `why` is a sentence."""
    found = Finding(
        "",
        "change_unheard",
        Severity.ERROR,
        f"{why} {_how_it_stands(part)}",
        f"{_TELL} Or have its system told again once that answers: `POST /v1/allocations/{value.id}/retries`; this case closes when it was. "
        f"{_WHEN_DONE}",
    )
    _open(tx, value, "change", part.version, "A change that the supplier was not told of", [found], by)


_TELL = (
    "Read the fulfilment of the same id, and tell the supplier in another way whether the parcel waits and where it goes. What it "
    "cannot do, cancel: the units are recalled then."
)


def _how_it_stands(part: Fulfilment) -> str:
    how = "is held and must not leave" if part.held else "is not held and may leave"
    return f"The parcel {how}; it may go elsewhere than the supplier was told."


def changes_are_known(tx: Transaction, value: Allocation, by: Principal) -> None:
    """Add to the transaction that the supplier's system knows how its parcel stands, so nobody has to tell it any more."""
    reviews.supersede(tx, PARKED, _subject(value, "change"), by)


def _open(
    tx: Transaction, value: Allocation, what: str, version: int, title: str, findings: Sequence[Finding], by: Principal
) -> None:
    reviews.open_case(
        tx,
        subject_type=PARKED,
        subject_id=_subject(value, what),
        subject_version=version,
        supplier_id=value.supplier_id,
        title=title,
        findings=findings,
        by=by,
    )


def _subject(value: Allocation, what: str) -> str:
    return f"{value.id}.{what}"
