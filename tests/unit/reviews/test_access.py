"""Reviews are for whoever runs the marketplace, and for nobody else: not even for the supplier whose case it is."""

import pytest

from tests.conftest import ASSOCIATE, SHOPPER, SUPPLIER, a_machine

ROUTES = [
    ("GET", "/v1/review-cases", None),
    ("GET", "/v1/review-cases/{id}", None),
    ("POST", "/v1/review-cases/{id}/claims", None),
    ("POST", "/v1/review-cases/{id}/releases", None),
    ("POST", "/v1/review-cases/{id}/assignments", {"assignee": "usr_ben"}),
    ("POST", "/v1/review-cases/{id}/comments", {"text": "Hello"}),
    (
        "POST",
        "/v1/review-cases/{id}/corrections",
        {"corrections": [{"field": "/name", "value": "A"}], "expected_subject_version": 1},
    ),
    ("POST", "/v1/review-cases/{id}/decisions", {"decision": "approve", "reason": "Mine", "expected_version": 1}),
    ("POST", "/v1/review-cases/{id}/escalations", {"reason": "Hurry"}),
    ("GET", "/v1/review-settings", None),
    ("PUT", "/v1/review-settings", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=[f"{method} {path}" for method, path, _ in ROUTES])
def test_nobody_else_gets_in(desk, method, path, body):
    case_id = desk.opened(supplier_id="sup_1")
    to = path.replace("{id}", case_id)

    def asks(by):
        return desk.call(method, to, by=by, json=body, If_Match='"0"').status

    assert [asks(by) for by in (SUPPLIER, SHOPPER, ASSOCIATE)] == [403, 403, 403]
    assert [asks(by) for by in (None, a_machine("suppliers.self"), a_machine("ledger.write"))] == [401, 401, 401]
    assert desk.read(case_id)["version"] == 1
