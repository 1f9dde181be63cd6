"""The books of the sandbox provider: apart from ours, as a real provider's are."""

from dataclasses import dataclass, replace

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from chalicelib.core.errors import AisleError, Conflict, Unavailable
from chalicelib.core.keys import key
from chalicelib.core.table import Item, RawItem, Transaction, find


class SandboxItem(Item):
    """pk = SANDBOX#<idempotency key>, sk = SANDBOX.

    `operations` counts how often something was done under the key, which must stay at one; `remaining` is what later
    operations may take of this one. `calls` and `look_ups` let tokens behave by how often they were seen.
    """

    kind = UnicodeAttribute(null=True)
    amount = NumberAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    token = UnicodeAttribute(null=True)
    declined = UnicodeAttribute(null=True)
    remaining = NumberAttribute(null=True)
    barred = BooleanAttribute(null=True)
    operations = NumberAttribute(null=True)
    calls = NumberAttribute(null=True)
    look_ups = NumberAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Operation:
    """Something the sandbox did or declined under a key, amounts in minor units; `barred` if it never will."""

    key: str
    kind: str
    amount: int
    currency: str
    token: str
    declined: str | None = None
    remaining: int = 0
    barred: bool = False


class KeyUsed(Conflict):
    """The sandbox answered this key before."""

    precedes = True

    def __init__(self, before: Operation) -> None:
        super().__init__("This key was used.")
        self.before = before


class TooLittleLeft(Conflict):
    """An operation would take more than is left of the one it draws on."""


def sandbox_act(operation: Operation, drawn_from: Operation | None = None) -> Operation | None:
    """Do it, once: None, or what was done under the key before. Raises `TooLittleLeft`."""
    tx = Transaction()
    left = 0 if operation.declined else operation.amount
    _write(tx, replace(operation, remaining=left), operations=0 if operation.declined else 1)
    if drawn_from is not None:
        tx.update(
            _sandbox_item(drawn_from.key),
            [SandboxItem.remaining.set(SandboxItem.remaining - operation.amount)],
            SandboxItem.remaining >= operation.amount,
            lambda _: TooLittleLeft("Not so much is left."),
        )
    return _committed(tx)


def sandbox_bar(operation: str) -> Operation | None:
    """See to it that nothing will be done under the key: None, or what was done before."""
    tx = Transaction()
    _write(tx, Operation(operation, "-", 0, "-", "-", barred=True), operations=0)
    return _committed(tx)


def sandbox_find(operation: str) -> Operation | None:
    """What was done under this key, or None."""
    item = find(SandboxItem, key("SANDBOX", operation), "SANDBOX", consistent=True)
    return _operation(item) if item and item.token is not None else None


def sandbox_operations(operation: str) -> int:
    """How often something was done under this key."""
    item = find(SandboxItem, key("SANDBOX", operation), "SANDBOX", consistent=True)
    return int(item.operations or 0) if item else 0


def sandbox_calls(operation: str) -> int:
    """Count a call with this key; how many there were with this one."""
    item = _sandbox_item(operation)
    _count(item, SandboxItem.calls)
    return int(item.calls or 0)


def sandbox_look_ups(operation: str) -> int:
    """Count a look-up of this key; how many there were with this one."""
    item = _sandbox_item(operation)
    _count(item, SandboxItem.look_ups)
    return int(item.look_ups or 0)


def _count(item: SandboxItem, counter: NumberAttribute) -> None:
    try:
        item.update([counter.add(1)])
    except UpdateError as error:
        raise Unavailable("The sandbox provider does not answer.") from error


def _write(tx: Transaction, operation: Operation, *, operations: int) -> None:
    def used(raw: RawItem | None) -> AisleError:
        return KeyUsed(_operation(SandboxItem.from_raw_data(raw or {})))

    actions = [
        SandboxItem.kind.set(operation.kind),
        SandboxItem.amount.set(operation.amount),
        SandboxItem.currency.set(operation.currency),
        SandboxItem.token.set(operation.token),
        SandboxItem.remaining.set(operation.remaining),
        SandboxItem.barred.set(operation.barred),
        SandboxItem.operations.add(operations),
    ]
    if operation.declined:
        actions.append(SandboxItem.declined.set(operation.declined))
    tx.update(_sandbox_item(operation.key), actions, SandboxItem.token.does_not_exist(), used)


def _committed(tx: Transaction) -> Operation | None:
    try:
        tx.commit()
    except KeyUsed as error:
        return error.before
    return None


def _sandbox_item(operation: str) -> SandboxItem:
    return SandboxItem(key("SANDBOX", operation), "SANDBOX")


def _operation(item: SandboxItem) -> Operation:
    return Operation(
        key=item.pk.removeprefix("SANDBOX#"),
        kind=item.kind or "-",
        amount=int(item.amount or 0),
        currency=item.currency or "-",
        token=item.token or "-",
        declined=item.declined,
        remaining=int(item.remaining or 0),
        barred=bool(item.barred),
    )
