"""What an order notes of its fulfilments."""

from chalicelib.fulfilment.service import Fulfilment
from chalicelib.orders.domain import FulfilmentNote


def note_of(part: Fulfilment) -> FulfilmentNote:
    """The fulfilment as its order shows it."""
    return FulfilmentNote(part.id, part.location_id, part.status, dict(part.tracking) if part.tracking else None)
