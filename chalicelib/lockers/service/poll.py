"""Cabinets that hold no line open: they ask over HTTPS, with a token of their own."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Stale, Unauthenticated
from chalicelib.core.table import Transaction
from chalicelib.lockers.domain.cabinets import Cabinet, CabinetStatus, check_in_service
from chalicelib.lockers.gateways.checks import QueuedChecks
from chalicelib.lockers.gateways.collecting import Collected
from chalicelib.lockers.service.access import require_admin
from chalicelib.lockers.service.cabinets import must_find_cabinet
from chalicelib.lockers.service.hear import hear, record_line
from chalicelib.lockers.service.open_compartments import Ways, as_message
from chalicelib.lockers.store import cabinets as store
from chalicelib.lockers.store import commands as commands_store

Messages = list[tuple[str, dict[str, Any]]]
_ATTEMPTS = 4


def issue_token(cabinet_id: str, by: Principal) -> str:
    """A new token for a cabinet that polls, shown this once; the one before is of no use any more. Raises `NotFound`,
    `CabinetRetired`."""
    require_admin(by)
    token = secrets.token_urlsafe(32)
    _keep(cabinet_id, _hashed(token))
    return token


def revoke_token(cabinet_id: str, by: Principal) -> None:
    """Let nobody poll as the cabinet any more. Raises `NotFound`."""
    require_admin(by)
    _keep(cabinet_id, None)


def _keep(cabinet_id: str, token_hash: str | None) -> None:
    for _ in range(_ATTEMPTS):
        cabinet = must_find_cabinet(cabinet_id)
        if token_hash is not None:
            check_in_service(cabinet)
        tx = Transaction()
        store.change_cabinet(tx, replace(cabinet, token_hash=token_hash, version=cabinet.version + 1))
        try:
            tx.commit()
        except Stale:
            continue
        return
    raise Contended(f"Cabinet {cabinet_id} kept changing.")


def poll_commands(cabinet_id: str, token: str | None) -> Messages:
    """What the cabinet has not answered yet; the same commands, in the same words, as over MQTT. Raises `Unauthenticated`."""
    _authenticated(cabinet_id, token)
    record_line(cabinet_id, online=True)
    collected = Collected()
    for command in commands_store.pending_commands(cabinet_id):
        collected.tell(cabinet_id, "commands", as_message(command))
    return collected.messages


def hear_polling(cabinet_id: str, token: str | None, channel: str, said: Mapping[str, Any]) -> Messages:
    """What the cabinet says, as over MQTT, and what it is told in return. Raises `Unauthenticated`, `NotFound` for a command that it
    never got."""
    cabinet = _authenticated(cabinet_id, token)
    collected = Collected()
    by = Principal("cabinet", cabinet.id)
    hear(cabinet_id, channel, said, by, through=Ways(collected, QueuedChecks()))
    return collected.messages


def _authenticated(cabinet_id: str, token: str | None) -> Cabinet:
    """The same answer whatever is wrong: no such cabinet, no token, another one, one that was revoked."""
    cabinet = store.get_cabinet(cabinet_id, consistent=True)
    expected = cabinet.token_hash if cabinet and cabinet.token_hash else "-" * 64
    matches = hmac.compare_digest(expected, _hashed(token or ""))
    if cabinet is None or not matches or cabinet.status is CabinetStatus.RETIRED:
        raise Unauthenticated("Send the cabinet's own token: Cabinet-Token.")
    return cabinet


def _hashed(token: str) -> str:
    # 256 random bits: nothing that could be tried.
    return sha256(token.encode()).hexdigest()
