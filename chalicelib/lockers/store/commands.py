"""Commands and journal entries in the table."""

from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of, find
from chalicelib.lockers.domain.commands import Command, CommandPurpose, CommandState
from chalicelib.lockers.store.cabinets import cabinet_pk

KEPT = timedelta(days=90)


class CommandItem(Item):
    """pk = CABINET#<id>, sk = COMMAND#<id>."""

    version = NumberAttribute()
    state = UnicodeAttribute()
    document = Json()


class CommandKnown(Conflict):
    """Not a failure: it was issued before."""

    code = "command_known"


def _item(command: Command) -> CommandItem:
    document = fields_of(command)
    for kept_apart in ("id", "cabinet_id", "state", "version"):
        del document[kept_apart]
    return CommandItem(
        cabinet_pk(command.cabinet_id),
        key("COMMAND", command.id),
        version=command.version,
        state=str(command.state),
        document={name: value for name, value in document.items() if value is not None},
        gsi1pk=key("COMMANDS", command.cabinet_id) if command.is_pending else None,
        gsi1sk=command.id if command.is_pending else None,
        summary={"number": command.number} if command.is_pending else None,
        ttl=clock.epoch_seconds(datetime.fromisoformat(command.issued_at) + KEPT),
    )


def _command(item: CommandItem) -> Command:
    stored: dict[str, Any] = item.document
    return Command(
        **{**stored, "purpose": CommandPurpose(stored["purpose"])},
        id=str(item.sk).partition("#")[2],
        cabinet_id=str(item.pk).partition("#")[2],
        state=CommandState(item.state),
        version=int(item.version),
    )


def add_command(tx: Transaction, command: Command) -> None:
    """Write a new command. `CommandKnown` at commit."""
    tx.create(_item(command), lambda _: CommandKnown(f"Command {command.id} was issued before."))


def change_command(tx: Transaction, command: Command) -> None:
    """Write the next version of a command; `Stale` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The command is not at version {command.version - 1} any more.")

    tx.put(_item(command), CommandItem.version == command.version - 1, stale)


def get_command(cabinet_id: str, command_id: str) -> Command | None:
    """The command, or None."""
    item = find(CommandItem, cabinet_pk(cabinet_id), key("COMMAND", command_id), consistent=True)
    return _command(item) if item else None


def pending_commands(cabinet_id: str) -> list[Command]:
    """What a cabinet has not answered, oldest first."""
    rows = CommandItem.by_owner.query(key("COMMANDS", cabinet_id), limit=100)
    found = [get_command(cabinet_id, str(row.gsi1sk)) for row in rows]
    return [command for command in found if command is not None and command.is_pending]
