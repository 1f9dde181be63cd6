from collections.abc import Iterator

import pytest

from examples.online_retail import api as clients
from examples.online_retail.api import ATTEMPTS, Api, Problem, Unreachable
from examples.online_retail.faults import BadNetwork, Fault
from tests.unit.examples.fakes import FakeSystem, FakeTokens, serving

BUSY = {"code": "contended", "retryable": True}


@pytest.fixture
def system() -> FakeSystem:
    return FakeSystem()


@pytest.fixture
def tokens() -> FakeTokens:
    return FakeTokens()


@pytest.fixture
def api(system: FakeSystem, tokens: FakeTokens, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(clients, "_jitter", lambda _: 0.001)
    with serving(system) as url:
        yield Api(url, tokens)


def test_what_may_help_is_tried_again_under_the_same_key(system: FakeSystem, api: Api) -> None:
    system.answer_first = [(409, BUSY, {}), (503, {"message": "Service Unavailable"}, {}), (502, {}, {})]
    assert api.post("/v1/inventory/locations", {"id": "main"}, key="k").status == 201
    assert len(system.calls) == 4
    assert api.post("/v1/inventory/locations", {"id": "main"}, key="k").replayed


def test_what_cannot_help_is_not(system: FakeSystem, api: Api) -> None:
    system.answer_first = [(409, {"code": "stock_too_low", "retryable": False, "detail": "none left"}, {})]
    with pytest.raises(Problem, match="none left") as refused:
        api.post("/v1/orders", {}, key="k")
    assert (refused.value.status, refused.value.code, len(system.calls)) == (409, "stock_too_low", 1)


def test_patience_ends(system: FakeSystem, api: Api) -> None:
    system.answer_first = [(409, BUSY, {})] * 99
    with pytest.raises(Problem, match="contended"):
        api.get("/v1/orders/ord_1")
    assert len(system.calls) == ATTEMPTS


def test_retry_after_is_respected(system: FakeSystem, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    system.answer_first = [(429, {"code": "throttled", "retryable": True}, {"Retry-After": "3"})]
    api.post("/v1/inventory/locations", {"id": "main"}, key="k")
    assert waits == [3.0]


def test_an_expired_token_is_renewed_once(system: FakeSystem, api: Api, tokens: FakeTokens) -> None:
    system.valid_token = "admin-1"
    assert api.post("/v1/inventory/locations", {"id": "main"}, key="k").status == 201
    assert tokens.renewals == 1
    system.valid_token = "another"
    with pytest.raises(Problem, match="401"):
        api.post("/v1/inventory/locations", {"id": "main"}, key="k")


def test_nobody_there_is_said(tokens: FakeTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_jitter", lambda _: 0.001)
    with pytest.raises(Unreachable, match="GET /v1/orders"):
        Api("http://127.0.0.1:9", tokens).get("/v1/orders")


def test_over_a_bad_network_everything_is_done_once(
    system: FakeSystem, tokens: FakeTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "_jitter", lambda _: 0.0)
    network = BadNetwork(0.3)
    with serving(system) as url:
        shop = Api(url, tokens, network=network)
        for number in range(60):
            shop.post("/v1/inventory/locations", {"id": f"place-{number}"}, key=f"k-{number}")
    assert system.effects["/v1/inventory/locations"] == 60
    assert set(network.faults) == set(Fault)
    assert len(system.calls) == 60 + network.faults[Fault.LOST]


def test_a_good_network_has_no_faults() -> None:
    network = BadNetwork(0.0)
    answer = object()
    assert network("GET /v1/orders", lambda: answer) is answer  # type: ignore[arg-type,return-value]
    assert not network.faults
