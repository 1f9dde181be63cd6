"""What comes by the queue routing-requests."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Request(BaseModel):
    """A message of fulfilment (docs/events.md), or of the operator's retry. It says what to look at; how things are is read."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    type: Literal["shipment", "recall", "hold", "address", "retry"]
    fulfilment_id: str = Field(pattern=r"^ful_[0-9A-Z]{26}_[0-9]{1,3}$")
