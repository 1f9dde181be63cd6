"""What the operator settled: commission, and when suppliers are paid."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, cast

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, find, find_many
from chalicelib.ledger.domain import CommissionRules, PayoutSettings, Rule, TaxOwedBy

_PK = "LEDGERSETTINGS"
_COMMISSION = "COMMISSION"
_PAYOUTS = "PAYOUTS"


class LedgerSettingItem(Item):
    """pk = LEDGERSETTINGS, sk = COMMISSION | PAYOUTS | PAYOUTS#<supplier>."""

    version = NumberAttribute()
    document = Json()


def rules_key() -> tuple[type[Item], str, str]:
    return LedgerSettingItem, _PK, _COMMISSION


def rules() -> CommissionRules:
    """The commission rules as they are now."""
    item = find(LedgerSettingItem, _PK, _COMMISSION, consistent=True)
    return _rules(item) if item else CommissionRules()


def rules_in(found: Mapping[tuple[str, str], Item]) -> CommissionRules:
    """The commission rules out of a batch read with `rules_key`."""
    item = found.get((_PK, _COMMISSION))
    return _rules(cast(LedgerSettingItem, item)) if item else CommissionRules()


def _rules(item: LedgerSettingItem) -> CommissionRules:
    stored = item.document
    return CommissionRules(
        rules=tuple(Rule(**one) for one in stored["rules"]),
        kept_bps=stored["kept_bps"],
        tax_owed_by=TaxOwedBy(stored["tax_owed_by"]),
        listing_fees=stored["listing_fees"],
        version=int(item.version),
    )


def put_rules(tx: Transaction, rules: CommissionRules) -> None:
    """Write the next version; the first must be new. Raises `Stale` at commit."""
    document = {
        "rules": [_without_defaults(rule) for rule in rules.rules],
        "kept_bps": rules.kept_bps,
        "tax_owed_by": str(rules.tax_owed_by),
        "listing_fees": dict(rules.listing_fees),
    }
    _put(tx, LedgerSettingItem(_PK, _COMMISSION, version=rules.version, document=document))


def _without_defaults(rule: Rule) -> dict[str, Any]:
    return {one.name: value for one in fields(rule) if (value := getattr(rule, one.name)) != one.default}


def payout_settings(supplier_id: str | None = None) -> PayoutSettings | None:
    """The operator's settings, or those of one supplier; None where nothing was settled."""
    item = find(LedgerSettingItem, _PK, _payouts_sk(supplier_id), consistent=True)
    return _settings(item) if item else None


def payout_settings_of(supplier_ids: Sequence[str]) -> dict[str, PayoutSettings]:
    """The settings of those suppliers that have some of their own."""
    found = find_many([(LedgerSettingItem, _PK, _payouts_sk(one)) for one in supplier_ids], consistent=True)
    return {sk.partition("#")[2]: _settings(cast(LedgerSettingItem, item)) for (_, sk), item in found.items()}


def put_payout_settings(tx: Transaction, settings: PayoutSettings, supplier_id: str | None = None) -> None:
    """Write the next version; the first must be new. Raises `Stale` at commit."""
    names = ("hold_days", "minimum", "every_days", "reserve_bps")
    document = {name: value for name in names if (value := getattr(settings, name)) is not None}
    _put(tx, LedgerSettingItem(_PK, _payouts_sk(supplier_id), version=settings.version, document=document))


def _payouts_sk(supplier_id: str | None) -> str:
    return key(_PAYOUTS, supplier_id) if supplier_id else _PAYOUTS


def _settings(item: LedgerSettingItem) -> PayoutSettings:
    return PayoutSettings(**item.document, version=int(item.version))


def _put(tx: Transaction, item: LedgerSettingItem) -> None:
    before = item.version - 1
    unchanged = LedgerSettingItem.version == before if before else LedgerSettingItem.pk.does_not_exist()
    tx.put(item, unchanged, _stale)


def _stale(raw: RawItem | None) -> AisleError:
    version = int(LedgerSettingItem.from_raw_data(raw).version) if raw else 0
    return Stale(f"It is at version {version} now.", version=version)
