"""The workflow of a refund."""

import json

from chalicelib.core.aws import client
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings


def start_refund_payment(order_id: str, execution: str) -> None:
    """Start refund-payment for an order under a name of its own; a second start under that name is harmless."""
    states = client("stepfunctions")
    try:
        states.start_execution(
            stateMachineArn=settings().refund_payment_arn,
            name=execution,
            input=json.dumps({"order_id": order_id, "correlation_id": trace().correlation_id}),
        )
    except states.exceptions.ExecutionAlreadyExists:
        return
