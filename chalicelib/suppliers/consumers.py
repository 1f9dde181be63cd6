"""Queues that suppliers read."""

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.suppliers.service.start_workflow import start_workflow

functions = Blueprint(__name__)


@functions.on_sqs_message(
    queue=settings().suppliers_submitted_queue, name="suppliers-on-supplier-submitted", batch_size=10
)
@each_event
def on_supplier_submitted(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, SupplierSubmitted → queue suppliers-submitted. Starts onboard-supplier, once per submission."""
    start_workflow(event.aggregate.id, event.aggregate.version)
