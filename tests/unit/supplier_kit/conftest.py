"""A reference supplier, and the checker run against it."""

import pytest

from aisle_supplier.checks.probe import Options, Probe
from aisle_supplier.client import Client
from aisle_supplier.run import Report, chosen, run
from aisle_supplier.server import ReferenceSupplier
from aisle_supplier.wire import endpoint

STOCK = {"MUG": 60, "OLD": {"quantity": 5, "refuse": "discontinued"}}


@pytest.fixture
def supplier():
    with ReferenceSupplier(STOCK, seed=1) as running:
        yield running


@pytest.fixture
def client(supplier):
    return Client(endpoint(supplier.url, 5.0), supplier.secret)


@pytest.fixture
def check(supplier):
    """Run the checker as an engineer would who knows the stock; the report."""

    def checked(*only, sku="MUG", units=60, refuse="OLD", timeout=5.0, wait=1.0, secret=""):
        report = Report(supplier.url)
        client = Client(endpoint(supplier.url, timeout), secret or supplier.secret)
        run(report, Probe(client, Options(sku, units, refuse, wait)), chosen(only))
        return report

    return checked
