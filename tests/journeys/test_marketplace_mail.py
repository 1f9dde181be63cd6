"""What suppliers of the deployed system are told by mail."""

import json
import re
from typing import Any
from uuid import uuid4

from examples.marketplace.suppliers import profile
from infra.local import users
from infra.local.testing import Answer
from tests.journeys.conftest import Shop, until
from tests.journeys.test_customers import mails_to


def test_who_is_invited_applies_with_the_token_of_the_mail_and_hears_of_the_approval(shop: Shop) -> None:
    """The operator hands nothing over."""
    address = f"{uuid4().hex}@example.org"

    def asks(path: str, body: Any, **who: str) -> Answer:
        return shop.stack.call("POST", path, json=body, headers={"Idempotency-Key": uuid4().hex}, **who)

    made = asks("/v1/supplier-invitations", {"email": address}, role="admin")
    assert made.status == 201, made
    [mail] = until(lambda: mails_to(shop, address))
    found = re.search(r"inv_[0-9a-f]{40}", json.dumps(mail))
    assert found is not None, mail
    told = profile("Invited", uuid4().hex[:8], contacts=[{"role": "primary", "name": "Ada", "email": address}])
    supplier = users.sign_up(shop.stack.record, "supplier", f"{uuid4().hex}@example.com")["token"]
    applies = {"token": found[0], "profile": told, "attestations": ["terms"]}
    accepted = asks("/v1/supplier-invitations/acceptances", applies, token=supplier)
    assert (accepted.status, accepted.body["id"]) == (202, made.body["supplier_id"]), accepted
    until(lambda: [one for one in mails_to(shop, address) if "Invited is approved" in json.dumps(one)])
