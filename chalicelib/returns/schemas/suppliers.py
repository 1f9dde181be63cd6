"""Returns as suppliers see them: their own units, and nothing of what others shipped, of the customer or of the refund."""

from chalicelib.core.schemas import View
from chalicelib.returns.domain.model import Return, ReturnLine, ReturnStatus
from chalicelib.returns.domain.policy import Condition, Reason
from chalicelib.returns.schemas.views import InspectedLineView, LabelView


class SupplierLineView(View):
    """Units that a supplier shipped and that come back to it: of `quantity`, `expected` are on their way, `waiting` are to be inspected,
    the others were restocked, written off, refused or given up. `extra` ones came unannounced."""

    line_id: str
    sku: str
    supplier_sku: str | None
    quantity: int
    reason: Reason
    condition: Condition | None
    note: str | None
    expected: int
    waiting: int
    restocked: int
    written_off: int
    refused: int
    given_up: int
    extra: int

    @classmethod
    def of(cls, line: ReturnLine) -> "SupplierLineView":
        return cls(
            line_id=line.line_id,
            sku=line.sku,
            supplier_sku=line.supplier_sku,
            quantity=line.quantity,
            reason=line.reason,
            condition=line.condition,
            note=line.note,
            expected=line.expected,
            waiting=sum(line.waiting.values()),
            restocked=line.restocked,
            written_off=line.written_off,
            refused=line.refused,
            given_up=line.given_up,
            extra=line.extra,
        )


class SupplierInspectionView(View):
    at: str
    lines: list[InspectedLineView]


class SupplierReturnView(View):
    """What of a return a supplier shipped, as it stands; `status` is of these units alone. `label` is that of the parcel to the
    supplier. What the refunds come to for it stands in its ledger entries."""

    id: str
    order_id: str
    status: ReturnStatus
    version: int
    announced_at: str
    send_by: str
    lines: list[SupplierLineView]
    label: LabelView | None
    inspections: list[SupplierInspectionView]

    @classmethod
    def of(cls, value: Return) -> "SupplierReturnView":
        return cls(
            id=value.id,
            order_id=value.order_id,
            status=value.status,
            version=value.version,
            announced_at=value.announced_at,
            send_by=value.send_by,
            lines=[SupplierLineView.of(line) for line in value.lines],
            label=LabelView.of(value.label) if value.label else None,
            inspections=[SupplierInspectionView.of(one) for one in value.inspections],
        )
