"""What callers send and get of the books."""

from chalicelib.ledger.schemas.books import (
    AdjustmentBody,
    AuditQuery,
    AuditView,
    BalanceView,
    CurrencyQuery,
    EntriesQuery,
    EntryView,
    OperatorEntriesQuery,
    StatementQuery,
    StatementView,
    SupplierEntryView,
    TotalsView,
)
from chalicelib.ledger.schemas.payouts import (
    ConfirmPayouts,
    PayoutView,
    ReturnPayout,
    RunView,
    StartRun,
)
from chalicelib.ledger.schemas.settings import (
    PayoutSettingsBody,
    PayoutSettingsView,
    RulesBody,
    RulesView,
    SupplierPayoutSettingsBody,
    SupplierPayoutSettingsView,
)

__all__ = [
    "AdjustmentBody",
    "AuditQuery",
    "AuditView",
    "BalanceView",
    "ConfirmPayouts",
    "CurrencyQuery",
    "EntriesQuery",
    "EntryView",
    "OperatorEntriesQuery",
    "PayoutSettingsBody",
    "PayoutSettingsView",
    "PayoutView",
    "ReturnPayout",
    "RulesBody",
    "RulesView",
    "RunView",
    "StartRun",
    "StatementQuery",
    "StatementView",
    "SupplierEntryView",
    "SupplierPayoutSettingsBody",
    "SupplierPayoutSettingsView",
    "TotalsView",
]
