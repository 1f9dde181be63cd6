"""What a supplier's system does not do although the order needs it: a person has to. Of each kind an allocation has one open case."""

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


def ask_about_recall(tx: Transaction, value: Allocation, recall: Recall, by: Principal) -> None:
    """Add to the transaction that a person sees to units that left before the supplier was told to leave them out: those of this recall,
    and of others before. A case of these alone is superseded."""
    late = [one for one in store.recalls_of(value.id) if one.state == Kind.TOO_LATE and one.id != recall.id]
    units: Counter[str] = Counter()
    for one in (*late, recall):
        units.update(one.lines)
    wanted = (
        "Agree with the supplier whether the parcel comes back or the customer keeps it, tell the customer, and look at the supplier's "
        f"invoice: units that were called off are not in what is expected. {_WHEN_DONE}"
    )
    findings = [
        Finding(
            f"/lines/{line_id}",
            "recall_too_late",
            Severity.ERROR,
            f"{count} units have left although the order does not want them from this supplier any more.",
            wanted,
        )
        for line_id, count in sorted(units.items())
    ]
    title = "Units that left before they were recalled"
    _open(tx, value, "cancellation", 1 + len(late), title, findings, by)


def ask_about_change(tx: Transaction, value: Allocation, part: Fulfilment, by: Principal) -> None:
    """Add to the transaction that a person tells the supplier what its system does not take: whether the parcel waits, and where it goes.
    A case of how it stood before is superseded."""
    how = "is held and must not leave" if part.held else "is not held and may leave"
    found = Finding(
        "",
        "change_not_supported",
        Severity.ERROR,
        f"The supplier's system takes no changes (501). The parcel {how}; it may go elsewhere than the supplier was told.",
        "Read the fulfilment of the same id, and tell the supplier in another way whether the parcel waits and where it goes. What it "
        f"cannot do, cancel: the units are recalled then. {_WHEN_DONE}",
    )
    _open(tx, value, "change", part.version, "A change that the supplier's system does not take", [found], by)


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
