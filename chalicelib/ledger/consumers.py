"""Queues that the books read."""

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.ledger.service.start_workflow import start_workflow

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().payout_runs_queue, name="ledger-on-payout-run-started", batch_size=10)
@each_event
def on_payout_run_started(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, PayoutRunStarted → queue ledger-payout-runs. Starts pay-suppliers, once per start of a run."""
    start_workflow(event.aggregate.id, event.aggregate.version)
