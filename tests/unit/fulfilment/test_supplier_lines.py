"""What a supplier is asked to ship is told in its own words."""

from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service, store
from chalicelib.fulfilment.gateways import shipment_request
from chalicelib.fulfilment.service import FulfilmentLine, Parcel

TERMS = {
    "supplier_id": "sup_1",
    "supplier_sku": "MUG-RED",
    "listing_id": "lst_1",
    "name": "Red mug",
    "unit_price": 899,
    "currency": "GBP",
    "commission": {"rate_bps": 1500},
}
ORDER = "ord_01J9Z3K4M5N6P7Q8R9S0T1V2W3"


def test_terms_are_kept_with_the_line(table):
    tx = Transaction()
    lines = (FulfilmentLine("1", "M1", 2, terms=TERMS), FulfilmentLine("2", "A", 1))
    [made] = service.create(tx, ORDER, [Parcel("sup_1", lines)], {"country": "GB"})
    tx.commit()
    found = store.get(made.id, consistent=True)
    assert found is not None
    assert found[0].lines == lines
    assert shipment_request(made)["lines"] == [
        {
            "line_id": "1",
            "sku": "M1",
            "quantity": 2,
            "supplier_sku": "MUG-RED",
            "name": "Red mug",
            "unit_price": 899,
            "currency": "GBP",
        },
        {"line_id": "2", "sku": "A", "quantity": 1},
    ]
