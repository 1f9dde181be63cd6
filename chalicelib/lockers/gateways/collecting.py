"""What a cabinet is told in the answer to its own request, where it holds no line open."""

from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.ids import new_ulid


@dataclass(slots=True)
class Collected:
    """Messages for one cabinet, as they would go over its line: channel and content."""

    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def tell(self, cabinet_id: str, channel: str, message: dict[str, Any]) -> None:
        """Keep a message, under a transport id of its own."""
        self.messages.append((channel, {"message_id": new_ulid(), **message}))
