"""Routes of what the operator sets."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.listings.routes.blueprint import OPERATOR_SCOPE, routes
from chalicelib.listings.schemas import (
    AttributeSchemaBody,
    AttributeSchemaView,
    ListingSettingsBody,
    ListingSettingsView,
)
from chalicelib.listings.service import use_cases as service


@routes.endpoint(
    "GET",
    "/v1/listing-settings",
    summary="Read the marketplace's settings of listings",
    answers={200: ListingSettingsView},
    scopes=[OPERATOR_SCOPE],
    raises=[Forbidden],
)
def read_listing_settings() -> Response:
    """Version 0 before any were set."""
    settings = service.read_settings(http.caller())
    return http.ok(ListingSettingsView.of(settings), version=settings.version)


@routes.endpoint(
    "PUT",
    "/v1/listing-settings",
    summary="Set the marketplace's settings of listings",
    body=ListingSettingsBody,
    answers={200: ListingSettingsView},
    scopes=[OPERATOR_SCOPE],
    versioned=True,
    raises=[Forbidden],
)
def change_listing_settings() -> Response:
    """They hold for what is checked from now on, within half a minute."""
    wanted = http.body(ListingSettingsBody).as_settings()
    after = service.change_settings(wanted, http.expected_version(), http.caller())
    return http.ok(ListingSettingsView.of(after), version=after.version)


@routes.endpoint(
    "GET",
    "/v1/categories/{category_id}/attribute-schema",
    summary="Read which attributes goods of a category have",
    answers={200: AttributeSchemaView},
    public=True,
    raises=[NotFound],
)
def read_attribute_schema(category_id: str) -> Response:
    """The category's own, and all that hold for it."""
    own, every = service.read_schema(category_id)
    return http.ok(AttributeSchemaView.of_both(own, every), version=own.version)


@routes.endpoint(
    "PUT",
    "/v1/categories/{category_id}/attribute-schema",
    summary="Set which attributes goods of a category have",
    body=AttributeSchemaBody,
    answers={200: AttributeSchemaView},
    scopes=[OPERATOR_SCOPE],
    versioned=True,
    raises=[Forbidden, NotFound],
)
def change_attribute_schema(category_id: str) -> Response:
    """In place of those before; categories below have them, too. What is published is not checked again."""
    wanted = http.body(AttributeSchemaBody).as_attributes()
    own, every = service.change_schema(category_id, wanted, http.expected_version(), http.caller())
    return http.ok(AttributeSchemaView.of_both(own, every), version=own.version)
