"""In the burst of an apply a connection is dropped now and then after the server has done what was asked for on it.

The SDK then asks again, and what it was to create "already exists". Here what Terraform asks for is done once for each
invocation id, which its repetitions bear, too: they get the answer that was lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

KEPT = 2_000
"""Invocations that are remembered."""

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class OnceForTerraform:
    """The application, which answers a repeated request of Terraform as it answered the first."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._answers: OrderedDict[bytes, asyncio.Task[list[Message]]] = OrderedDict()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        invocation = headers.get(b"amz-sdk-invocation-id")
        if invocation is None or b"Terraform" not in headers.get(b"user-agent", b""):
            await self._app(scope, receive, send)
            return
        if invocation in self._answers:
            logging.getLogger(__name__).warning("an answer to Terraform was lost, and is given again")
            # What is answered before it was read to its end is cut off.
            while (await receive()).get("more_body"):
                pass
        else:
            # A task of its own goes on when the connection is lost meanwhile.
            self._answers[invocation] = asyncio.create_task(self._answer(scope, receive))
            if len(self._answers) > KEPT:
                self._answers.popitem(last=False)
        messages = await asyncio.shield(self._answers[invocation])
        if _is_passing(messages):
            self._answers.pop(invocation, None)
        for message in messages:
            await send(message)

    async def _answer(self, scope: dict[str, Any], receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return messages


def _is_passing(answer: list[Message]) -> bool:
    """Whether the client shall try again in earnest."""
    return any(message.get("status", 200) >= 500 or message.get("status") == 429 for message in answer)


def install() -> None:
    from ministack import app

    app.app = OnceForTerraform(app.app)
