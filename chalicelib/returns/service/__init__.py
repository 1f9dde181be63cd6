"""Use cases of returns."""

from chalicelib.returns.domain.life import ReturnClosed
from chalicelib.returns.service.announce_return import (
    AccountNeeded,
    AnnouncedLine,
    Announcement,
    ExchangeMismatch,
    ReturnNotAllowed,
    announce_return,
)
from chalicelib.returns.service.inspect_return import inspect_own, inspect_return
from chalicelib.returns.service.place_exchange import place_exchange
from chalicelib.returns.service.policies import (
    Explanation,
    change_policy,
    create_policy,
    explain,
    forget_policies,
    list_policies,
    read_policy,
    withdraw_policy,
)
from chalicelib.returns.service.read_returns import (
    LineOptions,
    list_for_order,
    list_for_staff,
    list_for_supplier,
    read_for_supplier,
    read_options,
    read_return,
)
from chalicelib.returns.service.receive_return import (
    cancel_return,
    check_awaited,
    note_dropped_off,
    receive_own,
    receive_return,
)
from chalicelib.returns.service.run_return import (
    ReturnRunning,
    await_goods,
    give_up_missing,
    go_on,
    issue_label,
    resume_workflow,
    start_workflow,
)

__all__ = [
    "AccountNeeded",
    "AnnouncedLine",
    "Announcement",
    "ExchangeMismatch",
    "Explanation",
    "LineOptions",
    "ReturnClosed",
    "ReturnNotAllowed",
    "ReturnRunning",
    "announce_return",
    "await_goods",
    "cancel_return",
    "change_policy",
    "check_awaited",
    "create_policy",
    "explain",
    "forget_policies",
    "give_up_missing",
    "go_on",
    "inspect_own",
    "inspect_return",
    "issue_label",
    "list_for_order",
    "list_for_staff",
    "list_for_supplier",
    "list_policies",
    "note_dropped_off",
    "place_exchange",
    "read_for_supplier",
    "read_options",
    "read_policy",
    "read_return",
    "receive_own",
    "receive_return",
    "resume_workflow",
    "start_workflow",
    "withdraw_policy",
]
