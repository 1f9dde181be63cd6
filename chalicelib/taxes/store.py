"""Taxes in the table.

| item | pk | sk |
|---|---|---|
| rate | TAXRATES | RATE#<jurisdiction>#<category> |
| country | TAXRATES | COUNTRY#<country> |
| ledger entry | TAXES#<order> | ENTRY#<number, four digits> |
| total of entries | TAXTOTAL#<country>#<month>#<shard> | <jurisdiction>#<currency>#<rate, five digits> |

Rates and countries are few and read whole, at most twice a minute by each process. A total is counted in the transaction that
writes the entry, so it is the sum of the entries at any moment; shards keep orders of one country from waiting for each other.
"""

from collections.abc import Iterator
from datetime import date

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import AisleError, Contended, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, RawItem, Transaction, find
from chalicelib.taxes.domain import (
    CountryTaxes,
    EntryKind,
    RatePeriod,
    TaxEntry,
    TaxRate,
    TaxRow,
    TaxTable,
    TaxTotal,
)

SHARDS = 8
"""Partitions of a country's month: an item takes 500 transactional writes a second, and waits while one is under way."""

_TABLE = "TAXRATES"


class TaxSettingItem(Item):
    """pk = TAXRATES, sk = RATE#<jurisdiction>#<category> | COUNTRY#<country>."""

    version = NumberAttribute()
    document = Json()


class TaxEntryItem(Item):
    """pk = TAXES#<order>, sk = ENTRY#<number>. Never changed. `rows` are [rate in basis points, net, tax]."""

    kind = UnicodeAttribute()
    jurisdiction = UnicodeAttribute()
    currency = UnicodeAttribute()
    at = UnicodeAttribute()
    rows = Json()


class TaxTotalItem(Item):
    """pk = TAXTOTAL#<country>#<month>#<shard>, sk = <jurisdiction>#<currency>#<rate>. Only ever added to."""

    net = NumberAttribute()
    tax = NumberAttribute()
    entries = NumberAttribute()


# ---- rates and countries ------------------------------------------------------------------------------------------------


def _rate_sk(jurisdiction: str, category: str) -> str:
    return key("RATE", jurisdiction, category)


def _country_sk(country: str) -> str:
    return key("COUNTRY", country)


def _rate(item: TaxSettingItem) -> TaxRate:
    _, jurisdiction, category = item.sk.split("#")
    periods = tuple(RatePeriod(date.fromisoformat(day), bps) for day, bps in item.document)
    return TaxRate(jurisdiction, category, periods, int(item.version))


def _country(item: TaxSettingItem) -> CountryTaxes:
    return CountryTaxes(item.sk.partition("#")[2], **item.document, version=int(item.version))


def table(*, consistent: bool) -> TaxTable:
    """All rates and countries, in one query."""
    items = list(TaxSettingItem.query(_TABLE, consistent_read=consistent))
    return TaxTable.of(
        (_rate(item) for item in items if item.sk.startswith("RATE#")),
        (_country(item) for item in items if item.sk.startswith("COUNTRY#")),
    )


def rate(jurisdiction: str, category: str) -> TaxRate | None:
    """The rates of a category in a jurisdiction as the last finished write left them, or None."""
    item = find(TaxSettingItem, _TABLE, _rate_sk(jurisdiction, category), consistent=True)
    return _rate(item) if item else None


def country(country: str) -> CountryTaxes | None:
    """What was settled for a country, or None."""
    item = find(TaxSettingItem, _TABLE, _country_sk(country), consistent=True)
    return _country(item) if item else None


def rates(country: str | None, after: str | None, count: int) -> list[TaxRate]:
    """Rates by jurisdiction and category, of one country and its regions or of all."""
    return [_rate(item) for item in _listed("RATE#" + (country or ""), after, count)]


def countries(after: str | None, count: int) -> list[CountryTaxes]:
    """Countries that somebody has settled, by code."""
    return [_country(item) for item in _listed("COUNTRY#", after, count)]


def rate_position(rate: TaxRate) -> str:
    """Where a rate stands in the list."""
    return _rate_sk(rate.jurisdiction, rate.category)


def country_position(country: CountryTaxes) -> str:
    """Where a country stands in the list."""
    return _country_sk(country.country)


def _listed(prefix: str, after: str | None, count: int) -> Iterator[TaxSettingItem]:
    # A key condition is one range: what begins with the prefix and comes after a position lies between two keys.
    first = f"{after}\x00" if after else prefix
    return TaxSettingItem.query(
        _TABLE, TaxSettingItem.sk.between(first, prefix + "\x7f"), consistent_read=True, limit=count
    )


def put_rate(tx: Transaction, rate: TaxRate) -> None:
    """Write the next version of a rate; the first must be new. Raises `Stale` at commit."""
    periods = [[period.valid_from.isoformat(), period.rate_bps] for period in rate.periods]
    _put(tx, TaxSettingItem(_TABLE, _rate_sk(rate.jurisdiction, rate.category), version=rate.version, document=periods))


def put_country(tx: Transaction, country: CountryTaxes) -> None:
    """Write the next version of a country; the first must be new. Raises `Stale` at commit."""
    document = {"prices_include_tax": country.prices_include_tax, "reverse_charge": country.reverse_charge}
    _put(tx, TaxSettingItem(_TABLE, _country_sk(country.country), version=country.version, document=document))


def _put(tx: Transaction, item: TaxSettingItem) -> None:
    before = item.version - 1
    unchanged = TaxSettingItem.version == before if before else TaxSettingItem.pk.does_not_exist()
    tx.put(item, unchanged, _stale)


def remove_rate(tx: Transaction, rate: TaxRate) -> None:
    """Remove a rate at its version. Raises `Stale` at commit."""
    item = TaxSettingItem(_TABLE, _rate_sk(rate.jurisdiction, rate.category))
    tx.delete(item, TaxSettingItem.version == rate.version, _stale)


def _stale(raw: RawItem | None) -> AisleError:
    version = int(TaxSettingItem.from_raw_data(raw).version) if raw else 0
    return Stale(f"It is at version {version} now.", version=version)


# ---- ledger -------------------------------------------------------------------------------------------------------------


def entries_of(order_id: str) -> list[TaxEntry]:
    """The entries of an order in their order, as the last finished write left them."""
    query = TaxEntryItem.query(key("TAXES", order_id), TaxEntryItem.sk.startswith("ENTRY#"), consistent_read=True)
    return [_entry(item) for item in query]


def _entry(item: TaxEntryItem) -> TaxEntry:
    return TaxEntry(
        order_id=item.pk.removeprefix("TAXES#"),
        number=int(item.sk.removeprefix("ENTRY#")),
        kind=EntryKind(item.kind),
        jurisdiction=item.jurisdiction,
        currency=item.currency,
        at=item.at,
        rows=tuple(TaxRow(*row) for row in item.rows),
    )


def add_entry(tx: Transaction, entry: TaxEntry) -> None:
    """Write an entry and count it. Raises `Contended` at commit when the order has an entry of this number."""
    item = TaxEntryItem(
        key("TAXES", entry.order_id),
        key("ENTRY", f"{entry.number:04}"),
        kind=str(entry.kind),
        jurisdiction=entry.jurisdiction,
        currency=entry.currency,
        at=entry.at,
        rows=[[row.rate_bps, row.net, row.tax] for row in entry.rows],
    )
    tx.create(item, lambda _: Contended(f"Another entered taxes of order {entry.order_id} at the same time."))
    for row in entry.rows:
        _count(tx, entry, row)


def _count(tx: Transaction, entry: TaxEntry, row: TaxRow) -> None:
    total = TaxTotalItem(
        key("TAXTOTAL", entry.country, entry.month, shard(entry.order_id, SHARDS)),
        key(entry.jurisdiction, entry.currency, f"{row.rate_bps:05}"),
    )
    actions = [TaxTotalItem.net.add(row.net), TaxTotalItem.tax.add(row.tax), TaxTotalItem.entries.add(1)]
    # A sum takes every amount, and the first of a month makes the row: the entry's own condition is the guard.
    always = TaxTotalItem.pk.does_not_exist() | TaxTotalItem.pk.exists()
    tx.update(total, actions, always, lambda _: Contended("The total was not counted."))


def totals(country: str, month: str) -> list[TaxTotal]:
    """What the entries of a country's month add up to, per jurisdiction, currency, rate and shard."""
    return [
        _total(item)
        for number in range(SHARDS)
        for item in TaxTotalItem.query(key("TAXTOTAL", country, month, str(number)), consistent_read=True)
    ]


def _total(item: TaxTotalItem) -> TaxTotal:
    jurisdiction, currency, rate_bps = item.sk.split("#")
    return TaxTotal(jurisdiction, currency, int(rate_bps), int(item.net), int(item.tax), int(item.entries))
