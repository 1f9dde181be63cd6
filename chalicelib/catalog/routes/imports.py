"""Routes of imports: products and variants in bulk."""

from chalice.app import Response

from chalicelib.catalog import service
from chalicelib.catalog.routes.blueprint import SCOPE, routes
from chalicelib.catalog.schemas import (
    ImportedRow,
    ImportView,
    TooManyRows,
    read_rows,
)
from chalicelib.core import http

TYPES = ("application/x-ndjson", "text/csv")


@routes.endpoint(
    "POST",
    "/v1/catalog/imports",
    summary="Import products and variants in bulk",
    body=ImportedRow,
    body_types=TYPES,
    answers={200: ImportView},
    scopes=[SCOPE],
    raises=[TooManyRows],
)
def import_rows() -> Response:
    """Up to 1,000 rows and 1 MB of JSON lines or CSV, upserted by SKU, each in its own transaction.

    Answers what became of each row. The same file can be sent again: what is there already is left as it is, and rows
    that were deferred are taken up.
    """
    rows, refused = read_rows(http.raw_body(*TYPES), http.header("content-type") or TYPES[0])
    results = service.import_rows(rows, by=http.caller())
    return http.ok(ImportView.of(sorted([*results, *refused], key=lambda result: result.line)))
