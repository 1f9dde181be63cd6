"""Routes of categories: the tree that products are sorted into."""

from chalice.app import Response

from chalicelib.catalog import service
from chalicelib.catalog.domain import CategoryTooDeep
from chalicelib.catalog.routes.blueprint import SCOPE, routes
from chalicelib.catalog.schemas import (
    CategoryQuery,
    CategoryView,
    ChangeCategory,
    CreateCategory,
)
from chalicelib.catalog.service import (
    SlugTaken,
)
from chalicelib.core import http
from chalicelib.core.errors import NotFound


@routes.endpoint(
    "POST",
    "/v1/categories",
    summary="Add a category",
    body=CreateCategory,
    answers={201: CategoryView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, CategoryTooDeep, SlugTaken],
)
def create_category() -> Response:
    """At the top of the tree, or below another."""
    new = http.body(CreateCategory)
    return http.once(
        lambda record: service.create_category(
            new.name,
            new.slug,
            new.parent_id,
            new.attributes,
            by=http.caller(),
            once=record,
            answer=lambda made: http.answer(
                201, CategoryView.of(made), version=made.version, location=f"/v1/categories/{made.id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/categories",
    summary="List a level of the category tree",
    query=CategoryQuery,
    answers={200: http.list_of(CategoryView)},
    public=True,
)
def list_categories() -> Response:
    """By slug."""
    wanted = http.query(CategoryQuery)
    return http.listed(service.list_categories(wanted.parent_id, wanted.limit, wanted.cursor), CategoryView.of)


@routes.endpoint(
    "GET",
    "/v1/categories/{category_id}",
    summary="Read a category",
    answers={200: CategoryView},
    public=True,
    raises=[NotFound],
)
def read_category(category_id: str) -> Response:
    """With the path of its ancestors."""
    category = service.get_category(category_id)
    return http.ok(CategoryView.of(category), version=category.version)


@routes.endpoint(
    "PATCH",
    "/v1/categories/{category_id}",
    summary="Change a category",
    body=ChangeCategory,
    answers={200: CategoryView},
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound],
)
def change_category(category_id: str) -> Response:
    """Name and attributes. Slug and place stay, so links hold."""
    changes = http.body(ChangeCategory).changes()
    category = service.change_category(category_id, changes, expected_version=http.expected_version(), by=http.caller())
    return http.ok(CategoryView.of(category), version=category.version)
