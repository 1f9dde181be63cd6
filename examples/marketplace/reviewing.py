"""A reviewer of the operator, who puts right what no rule could."""

from typing import Any
from uuid import uuid4

from examples.marketplace.suppliers import Trader, until, vat_number
from examples.online_retail.api import Api


def approve_corrected(admin: Api, trader: Trader, run: str) -> str:
    """Take the supplier's case, correct its tax number, have it validated again; returns what was found."""
    case_id = until(f"A case of {trader.name}", lambda: trader_case(admin, trader))
    path = f"/v1/review-cases/{case_id}"
    admin.post(f"{path}/claims", {}, key=uuid4().hex)
    case = admin.get(path)
    found = "; ".join(f"{one['field']} {one['rule']}" for one in case["findings"] if one["severity"] == "error")
    admin.post(
        f"{path}/corrections",
        {
            "corrections": [{"field": "/tax_id/value", "value": vat_number(f"{trader.name}{run}")}],
            "expected_subject_version": case["subject"]["version"],
        },
        key=uuid4().hex,
    )
    admin.post(f"{path}/comments", {"text": "They sent a copy of the certificate."}, key=uuid4().hex)
    version = admin.get(path)["version"]
    decision = {"decision": "revalidate", "reason": "A digit was mistyped.", "expected_version": version}
    admin.post(f"{path}/decisions", decision, key=uuid4().hex)
    until(f"The approval of {trader.name}", lambda: trader.read()["status"] == "approved")
    return found


def trader_case(admin: Api, trader: Trader) -> Any:
    """The id of the open case of a supplier, or None."""
    cases = admin.get("/v1/review-cases", supplier_id=trader.id, subject_type="supplier")["items"]
    return next((case["id"] for case in cases if case["state"] == "open"), None)
