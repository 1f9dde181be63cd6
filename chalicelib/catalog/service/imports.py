"""Bulk import: rows are upserted by SKU, each in a transaction of its own, several at a time.

Importing the same rows twice changes nothing: a row that says what is there already is not written.
"""

from collections.abc import Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from enum import StrEnum
from time import monotonic
from typing import Any

from chalicelib.catalog import domain, store
from chalicelib.catalog.domain import Category, Prices, Product, Status, Variant
from chalicelib.catalog.service import products, variants
from chalicelib.catalog.service.products import NewProduct, NewVariant
from chalicelib.catalog.store import ReferenceTaken, SkuTaken
from chalicelib.core import observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import AisleError, RuleBroken, Stale
from chalicelib.core.table import Transaction

MAX_ROWS = 1_000
WORKERS = 8
BUDGET_SECONDS = 20.0
"""After this, rows not begun are deferred: the gateway hangs up at 29 s."""


class SkuOfOtherProduct(RuleBroken):
    code = "sku_of_other_product"
    title = "The SKU belongs to another product"


class Outcome(StrEnum):
    """What became of a row. Deferred rows were not begun, or met a passing fault; send them again."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One SKU and its product. None leaves what is there as it is; prices are added to those that are there."""

    line: int
    product_ref: str
    sku: str
    title: str
    category_id: str
    name: str | None = None
    description: str | None = None
    brand: str | None = None
    supplier_id: str | None = None
    tax_code: str | None = None
    status: Status | None = None
    tax_rate_bps: int | None = None
    weight_grams: int | None = None
    gtin: str | None = None
    prices: Prices = field(default_factory=dict)
    attributes: Mapping[str, str] | None = None
    tax_category: str | None = None


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of the row on `line`; `code` and `detail` when it was refused or deferred."""

    line: int
    sku: str | None
    outcome: Outcome
    code: str | None = None
    detail: str | None = None


def import_rows(rows: Sequence[ImportRow], *, by: Principal, budget_seconds: float = BUDGET_SECONDS) -> list[RowResult]:
    """Upsert each row by its SKU; answers one result a row, in the order of the rows.

    Rows of one product run one after the other; others in parallel. No row's failure touches another.
    """
    from concurrent.futures import ThreadPoolExecutor  # late: other routes need no threads

    by.require(Role.ADMIN, scope="catalog.write")
    deadline = monotonic() + budget_seconds
    groups: dict[str, list[ImportRow]] = {}
    for row in rows:
        groups.setdefault(row.product_ref, []).append(row)
    stored = _Stored.of(rows)
    categories: dict[str, Category] = {}

    def run(group: list[ImportRow]) -> list[RowResult]:
        return [_result(row, stored, categories, by, deadline) for row in group]

    with ThreadPoolExecutor(WORKERS) as pool:
        # Each group runs in a copy of this context, so its events carry the request's correlation id.
        running = [pool.submit(copy_context().run, run, group) for group in groups.values()]
        results = [result for future in running for result in future.result()]
    observability.log.info("catalogue import", rows=len(rows))
    return sorted(results, key=lambda result: result.line)


class _Stored:
    """What is stored of some rows, read ahead in batches. Writes are guarded by conditions, so it may be outdated."""

    def __init__(self, found: dict[str, Variant], ids: dict[str, str], products: dict[str, Product]) -> None:
        self._variants, self._ids, self._products = found, ids, products
        self._written: set[str] = set()

    @classmethod
    def of(cls, rows: Sequence[ImportRow]) -> "_Stored":
        # In this order: a variant that is seen was written together with its product's reference.
        found = store.variants({row.sku for row in rows}, consistent=True)
        ids = store.ids_of_references({row.product_ref for row in rows})
        return cls(found, ids, store.products(set(ids.values())))

    def forget(self, row: ImportRow) -> None:
        """The row's product was written, so what was read ahead of it does not hold any more."""
        self._written.add(row.product_ref)

    def at(self, row: ImportRow) -> tuple[Variant | None, Product | None]:
        if row.product_ref in self._written:
            return _Stored.of([row]).at(row)
        return self._variants.get(row.sku), self._products.get(self._ids.get(row.product_ref, ""))


def _result(
    row: ImportRow, stored: _Stored, categories: dict[str, Category], by: Principal, deadline: float
) -> RowResult:
    if monotonic() > deadline:
        return RowResult(row.line, row.sku, Outcome.DEFERRED, "out_of_time", "Not reached in time; send it again.")
    try:
        if row.category_id not in categories:
            categories[row.category_id] = products.require_category(row.category_id)
        category = categories[row.category_id]
        try:
            return RowResult(row.line, row.sku, _upsert(row, stored, category, by))
        except (Stale, SkuTaken, ReferenceTaken):
            stored.forget(row)
            return RowResult(row.line, row.sku, variants.unless_stale(lambda: _upsert(row, stored, category, by)))
    except AisleError as error:
        outcome = Outcome.DEFERRED if error.retryable else Outcome.REFUSED
        return RowResult(row.line, row.sku, outcome, error.code, error.detail)
    except Exception:
        # The other rows' results must not be lost with this one.
        observability.log.exception("an imported row failed", sku=row.sku)
        return RowResult(row.line, row.sku, Outcome.DEFERRED, "internal_error", "Something went wrong on our side.")


def _upsert(row: ImportRow, stored: _Stored, category: Category, by: Principal) -> Outcome:
    known, product = stored.at(row)
    if known is not None and (product is None or known.product_id != product.id):
        raise SkuOfOtherProduct(f"{row.sku} belongs to product {known.product_id}.")
    tx = Transaction()
    if product is None:
        products.stage_product(tx, _new_product(row), category, by)
    elif known is None:
        variants.stage_variant(tx, product, _changed_product(product, row), _new_variant(row), category, by)
    else:
        _stage_changes(tx, product, known, row, category, by)
    if not tx:
        return Outcome.UNCHANGED
    tx.commit()
    stored.forget(row)
    return Outcome.UPDATED if known else Outcome.CREATED


def _stage_changes(
    tx: Transaction, product: Product, known: Variant, row: ImportRow, category: Category, by: Principal
) -> None:
    changed = _changed_product(product, row)
    changes = _given(row, _VARIANT_FIELDS) | {"prices": domain.merged(known.prices, row.prices)}
    differs = replace(known, **_with_checked_gtin(changes)) != known
    # What was stored before variants knew their category counts as moved, too, and learns it so.
    moves = changed.category_id != product.category_id or known.category_path != category.lineage
    moved_to = category if moves else None
    if changed != product or moves:
        after = replace(changed, version=product.version + 1)
        # A transaction touches an item once: a variant with changes of its own takes the new category along with them.
        besides = {known.sku} if differs else ()
        products.stage_product_change(tx, product, after, by, moved_to=moved_to, besides=besides)
    if differs:
        variants.stage_variant_change(tx, known, changes, by, moved_to=moved_to)


def _changed_product(product: Product, row: ImportRow) -> Product:
    return replace(product, **_given(row, _PRODUCT_FIELDS))


_PRODUCT_FIELDS = ("title", "category_id", "description", "brand", "supplier_id", "tax_code")
_VARIANT_FIELDS = ("name", "status", "tax_rate_bps", "weight_grams", "gtin", "attributes", "tax_category")


def _given(row: ImportRow, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names if getattr(row, name) is not None}


def _with_checked_gtin(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {**changes, "gtin": domain.checked_gtin(changes["gtin"])} if "gtin" in changes else dict(changes)


def _new_variant(row: ImportRow) -> NewVariant:
    given = {"name": row.title, "tax_rate_bps": 0, **_given(row, _VARIANT_FIELDS)}
    return NewVariant(sku=row.sku, prices=row.prices, **given)


def _new_product(row: ImportRow) -> NewProduct:
    return NewProduct(
        reference=row.product_ref,
        status=Status.ACTIVE,
        variants=[_new_variant(row)],
        **_given(row, _PRODUCT_FIELDS),
    )
