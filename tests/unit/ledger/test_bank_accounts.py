"""Suppliers are paid to the account that the operator approved; it is opened for the payment file alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import clock, outbox
from chalicelib.ledger import store
from chalicelib.ledger.gateways import OpenAccount
from chalicelib.ledger.service import use_cases
from tests.conftest import ADMIN
from tests.unit.ledger.builders import BY, sell
from tests.unit.ledger.test_payouts import Office
from tests.unit.suppliers.conftest import Market, market
from tests.unit.suppliers.test_secrets import IBAN, put

__all__ = ["market"]


@pytest.mark.parametrize(("currency", "state"), [("GBP", "sent"), ("EUR", "carried")])
def test_a_supplier_is_paid_to_its_approved_account(
    market: Market, currency: str, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    supplier_id = market.applied()
    assert put(market, supplier_id, currency=currency).status == 202
    with clock.at(datetime.now(UTC) - timedelta(days=30)):
        sell(supplier=supplier_id)
    early = Office().start(at=datetime.now(UTC))
    use_cases.pay_chunk(early, None, [], BY)
    # Not before it is approved.
    assert Office().paid(early)[supplier_id] == ("carried", 0, "no_bank_account")
    assert market.run(supplier_id) == "approved"
    run_id = Office().start(at=datetime.now(UTC))
    use_cases.pay_chunk(run_id, None, [], BY)
    assert Office().paid(run_id)[supplier_id][0] == state
    text, _ = use_cases.payment_file(run_id, 10, None, ADMIN)
    assert (IBAN in text) is (state == "sent")
    said = "".join(capsys.readouterr()) + "".join(one.to_json() for one in outbox.timeline(store.run_pk(run_id)))
    assert (IBAN in said, IBAN[-8:] in said) == (False, False)


def test_an_open_account_shows_nothing_of_itself() -> None:
    assert repr(OpenAccount("Ada", "GB33", "code")) == "OpenAccount(code='code')"
