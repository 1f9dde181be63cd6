"""Use cases of categories."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.catalog import domain, store
from chalicelib.catalog.domain import Category
from chalicelib.core import paging
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.paging import Page
from chalicelib.core.table import Transaction


def create_category(
    name: str,
    slug: str,
    parent_id: str | None,
    attributes: Mapping[str, str],
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Category], Answer],
) -> Answer:
    """Add a category below `parent_id`, or at the top.

    Raises `NotFound` for an unknown parent, `CategoryTooDeep`, and `SlugTaken`.
    """
    by.require(Role.ADMIN, scope="catalog.write")
    parent = get_category(parent_id) if parent_id else None
    category = Category(new_id("cat"), name, slug, domain.below(parent), attributes)
    tx = Transaction()
    store.add_category(tx, category)
    final = answer(category)
    once.record(tx, final)
    tx.commit()
    return final


def get_category(category_id: str) -> Category:
    """The category. Raises `NotFound`."""
    category = store.category(category_id)
    if category is None:
        raise NotFound(f"There is no category {category_id}.")
    return category


def change_category(category_id: str, changes: Mapping[str, Any], *, expected_version: int, by: Principal) -> Category:
    """Change name or attributes. Slug and place stay, so links hold and the tree has no loops.

    Raises `NotFound`, and `Stale` when the category is not at `expected_version`.
    """
    by.require(Role.ADMIN, scope="catalog.write")
    before = get_category(category_id)
    if before.version != expected_version:
        raise Stale(f"The category is at version {before.version}.", version=before.version)
    after = replace(before, **changes, version=before.version + 1)
    tx = Transaction()
    store.change_category(tx, before, after)
    tx.commit()
    return after


def list_categories(parent_id: str | None, limit: int, cursor: str | None) -> Page[Category]:
    """One page of the categories right below a parent, or of the topmost ones, by slug."""
    return paging.page_of(
        f"categories {parent_id}",
        limit,
        cursor,
        lambda after, count: store.children(parent_id, after, count),
        lambda category: category.slug,
    )
