"""The deadlines that operators have set: one item."""

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.findings import Severity
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, find
from chalicelib.reviews.domain.case import SubjectType
from chalicelib.reviews.domain.deadlines import Deadlines

DEADLINES_PK = key("CASE", "DEADLINES")


class DeadlinesItem(Item):
    """pk = CASE#DEADLINES, sk = DEADLINES."""

    version = NumberAttribute()
    document = Json()


def get_deadlines() -> Deadlines:
    """The deadlines in force: version 0 are those of the code."""
    item = find(DeadlinesItem, DEADLINES_PK, "DEADLINES", consistent=True)
    if item is None:
        return Deadlines()
    hours = {
        SubjectType(type): {Severity(severity): count for severity, count in by_severity.items()}
        for type, by_severity in item.document["hours"].items()
    }
    return Deadlines(hours, item.document["escalation_hours"], int(item.version))


def put_deadlines(tx: Transaction, deadlines: Deadlines) -> None:
    """Write the next version. Raises `Stale` at commit when another was quicker."""
    before = deadlines.version - 1
    item = DeadlinesItem(
        DEADLINES_PK,
        "DEADLINES",
        version=deadlines.version,
        document={"hours": deadlines.hours, "escalation_hours": deadlines.escalation_hours},
    )
    as_read = DeadlinesItem.version == before if before else DeadlinesItem.pk.does_not_exist()
    tx.put(item, as_read, lambda _: Stale(f"The deadlines are not at version {before} any more."))
