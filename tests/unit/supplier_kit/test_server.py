"""The reference supplier over HTTP: what others see of it, and how it fails when told to."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import urllib3

from aisle_supplier import samples, signing
from aisle_supplier.client import Client
from aisle_supplier.server import ReferenceSupplier
from aisle_supplier.server.back_office import Aisle, NotTaken
from aisle_supplier.server.modes import parse
from aisle_supplier.wire import Failure, NoAnswer, endpoint

REAL = "ful_01J9Z3K4M5N6P7Q8R9S0T1V2W3_1"


def an_order(sku="MUG", units=1, allocation=REAL, **more):
    return {**samples.an_order((sku, units)), "allocation_id": allocation, **more}


def until(true, seconds=5.0):
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.01)


def content(answer):
    return json.loads(answer.body)


def test_32_threads_one_answer(client, supplier):
    order = an_order(units=2)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: client.order(order), range(96)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert supplier.stock["MUG"].quantity == 58
    assert len(supplier.calls) == 96


def test_the_four_operations(client, supplier):
    placed = client.order(an_order(units=2))
    assert (placed.status, content(placed)["decision"]) == (200, "accepted")
    assert content(client.status(REAL)) == content(placed)
    cancelled = client.cancel(REAL, samples.a_cancellation(("1", 1)))
    assert (cancelled.status, content(cancelled)) == (200, {"decision": "cancelled"})
    changed = client.change(REAL, samples.a_change(held=True, line1="Elsewhere 1"))
    assert (changed.status, changed.body) == (204, b"")
    order = supplier.orders[REAL]
    assert (order.held, order.ship_to["line1"], order.promised) == (True, "Elsewhere 1", {"1": 1})
    assert [call.operation for call in supplier.calls] == ["order", "status", "cancellation", "change"]
    assert all(call.signed and call.mode == "correct" for call in supplier.calls)


def test_a_second_secret_is_taken_while_one_is_being_replaced():
    old, new = signing.new_secret(), signing.new_secret()
    with ReferenceSupplier({"MUG": 1}, secrets=(old, new)) as supplier:
        for secret, status in ((old, 404), (new, 404), (signing.new_secret(), 401)):
            assert Client(endpoint(supplier.url, 5), secret).status(REAL).status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"lines": []}', 422),
        (b"\xc3\xa9", 400),
        (b'{"quantity": ' + b"9" * 5000 + b"}", 400),
    ],
)
def test_what_is_no_order_is_refused(client, body, status):
    assert client.post("/orders", body, REAL).status == status


def test_what_is_too_long_or_elsewhere_is_refused(client, supplier):
    assert client.post("/orders", b" " * 300_000, REAL).status == 413
    assert client.send("DELETE", f"/orders/{REAL}", b"", {}).status == 404
    assert client.post("/orders/a%2Fb/changes", {"a": 1}, REAL).status == 404
    assert supplier.calls == []


def test_a_lost_answer_was_acted_on_and_is_told_again(client, supplier):
    supplier.mode("flaky=1,kind=lost,times=1")
    with pytest.raises(NoAnswer) as lost:
        client.order(an_order(units=2))
    assert lost.value.kind is Failure.BROKEN
    assert content(client.status(REAL))["decision"] == "accepted"
    assert content(client.order(an_order(units=2))) == content(client.status(REAL))
    assert supplier.stock["MUG"].quantity == 58


@pytest.mark.parametrize(
    "mode", ["flaky=1,kind=reset", "flaky=1,kind=unavailable", "ratelimit=9", "redirect=http://x/"]
)
def test_what_fails_before_it_acts_does_not_act(mode, client, supplier, monkeypatch):
    monkeypatch.setattr("aisle_supplier.client.PATIENCE", 0)
    supplier.mode(mode)
    with suppress(NoAnswer):
        assert client.order(an_order()).status in (302, 429, 503)
    assert supplier.orders == {}
    assert supplier.calls[0].mode == str(parse(mode))


def test_ratelimit_and_redirect_say_where_and_when(client, supplier):
    supplier.mode("ratelimit=900")
    limited = client.status(REAL)
    assert (limited.status, limited.headers["retry-after"]) == (429, "900")
    supplier.mode("redirect=http://169.254.169.254/latest/")
    redirected = client.status(REAL)
    assert (redirected.status, redirected.headers["location"]) == (302, "http://169.254.169.254/latest/")


def test_slow_takes_its_time_and_trickle_too(client, supplier):
    supplier.mode("slow=0.3")
    assert client.status(REAL).seconds >= 0.3
    supplier.mode("trickle=0.01")
    assert client.status(REAL).seconds >= 0.3
    patient = Client(endpoint(supplier.url, 0.2), supplier.secret)
    with pytest.raises(NoAnswer) as late:
        patient.status(REAL)
    assert late.value.kind is Failure.TIMEOUT


def test_it_stops_at_once_however_many_calls_hang():
    with ReferenceSupplier({"MUG": 5}, modes=("hang",)) as supplier:
        impatient = Client(endpoint(supplier.url, 0.2), supplier.secret)
        with pytest.raises(NoAnswer):
            impatient.order(an_order())
        assert supplier.orders[REAL].answer["decision"] == "accepted", "it has acted"
        began = time.monotonic()
    assert time.monotonic() - began < 1


def test_a_mode_can_be_for_one_allocation(client, supplier):
    supplier.mode(f"lying=rejects,for={REAL}")
    assert content(client.order(an_order()))["decision"] == "rejected"
    assert content(client.order(an_order(allocation="ful_2")))["decision"] == "accepted"
    assert [call.mode for call in supplier.calls] == [f"lying=rejects,for={REAL}", "correct"]


def test_a_liar_accepts_what_it_has_not_and_never_ships(client, supplier):
    supplier.mode("lying")
    assert content(client.order(an_order("NOTHING", 7)))["decision"] == "accepted"
    assert supplier.ship(REAL) == {}


# The control interface


def control(supplier, method, path, body=None, **headers):
    url = supplier.url.removesuffix("/aisle") + "/_control/" + path
    sent = None if body is None else json.dumps(body)
    reply = urllib3.request(method, url, body=sent, headers=headers, retries=False)
    return reply.status, reply.json() if reply.data else None


def test_the_control_interface_shows_and_sets(client, supplier):
    assert control(supplier, "PUT", "modes", ["slow=0.01,on=order"]) == (200, {"modes": ["slow=0.01,on=order"]})
    assert control(supplier, "POST", "modes", "amnesia") == (200, {"modes": ["slow=0.01,on=order", "amnesia=404"]})
    client.order(an_order(units=2))
    assert client.status(REAL).status == 404
    status, seen = control(supplier, "GET", "calls")
    assert (status, [call["mode"] for call in seen["calls"]]) == (200, ["slow=0.01,on=order", "amnesia=404"])
    assert seen["calls"][0]["body"]["ship_to"]["city"] == "London"
    assert "signature" not in json.dumps(seen)
    assert control(supplier, "GET", "orders")[1]["orders"][REAL]["promised"] == {"1": 2}
    assert control(supplier, "DELETE", "modes") == (200, {"modes": []})
    assert control(supplier, "POST", f"orders/{REAL}/shipments") == (200, {"shipped": {"1": 2}})
    assert control(supplier, "PUT", "stock", {"CUP": 4})[1] == {"stock": {"CUP": {"quantity": 4, "refuse": ""}}}
    assert control(supplier, "POST", "reset") == (204, None)
    assert control(supplier, "GET", "calls")[1] == {"calls": []}
    assert control(supplier, "GET", "stock")[1]["stock"]["MUG"] == {"quantity": 60, "refuse": ""}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "modes", ["quick"], 422),
        ("PUT", "modes", "slow", 422),
        ("POST", "modes", ["slow"], 422),
        ("PUT", "stock", {"A": -1}, 422),
        ("GET", "secrets", None, 404),
        ("POST", "orders/ful_9/shipments", None, 404),
    ],
)
def test_the_control_interface_refuses_what_makes_no_sense(supplier, method, path, body, status):
    assert control(supplier, method, path, body)[0] == status


def test_the_control_interface_may_ask_for_a_token():
    with ReferenceSupplier({}, control_token="sesame") as supplier:
        assert control(supplier, "GET", "calls")[0] == 401
        assert control(supplier, "GET", "calls", **{"X-Control-Token": "sesam"})[0] == 401
        assert control(supplier, "GET", "calls", **{"X-Control-Token": "sesame"})[0] == 200


# The back office


@pytest.fixture
def aisle():
    """What Aisle is to a back office: it takes posts, and may be told to fail first."""

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = self.failing.pop(0) if self.failing else 201
            self.taken.append((status, self.path, self.headers["Idempotency-Key"], self.headers["Authorization"], body))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    Desk.taken, Desk.failing = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    Desk.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield Desk
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def back_office(aisle):
    office = Aisle(aisle.url, "token-1", "sup_1", pause=0.01)
    with ReferenceSupplier({"MUG": 9}, aisle=office, ships_after=0.05) as supplier:
        yield supplier, Client(endpoint(supplier.url, 5), supplier.secret)


SHIPMENT = {"lines": [{"line_id": "1", "quantity": 2}]}
TRACKING = {"carrier": "Reference Parcels", "number": "RP01J9Z3K4M5N6P7Q8R9S0T1V2W3_1"}


def test_what_was_accepted_is_shipped_once(aisle, back_office):
    supplier, client = back_office
    for _ in range(3):
        client.order(an_order(units=2))
    until(lambda: aisle.taken)
    time.sleep(0.15)
    assert aisle.taken == [
        (
            201,
            f"/v1/suppliers/sup_1/orders/{REAL}/shipments",
            f"{REAL}.RP01J9Z3K4M5N6P7Q8R9S0T1V2W3_1",
            "Bearer token-1",
            {**SHIPMENT, "tracking": TRACKING},
        )
    ]
    assert supplier.orders[REAL].shipped


def test_a_shipment_is_sent_until_it_is_taken_with_the_same_key(aisle, back_office):
    aisle.failing.extend([503, 500])
    back_office[1].order(an_order())
    until(lambda: len(aisle.taken) == 3)
    assert [taken[0] for taken in aisle.taken] == [503, 500, 201]
    assert len({taken[2] for taken in aisle.taken}) == 1


def test_what_aisle_refuses_is_kept_for_a_person(aisle, back_office):
    supplier, client = back_office
    aisle.failing.append(422)
    client.order(an_order())
    until(lambda: supplier.troubles)
    assert supplier.troubles == [f"POST /orders/{REAL}/shipments: 422 {{}}"]
    assert len(aisle.taken) == 1


def test_an_answer_that_comes_later_is_sent_then_shipped(aisle, back_office):
    supplier, client = back_office
    supplier.mode("later=0.1")
    first = client.order(an_order())
    assert (first.status, content(first)) == (202, {"decision": "later"})
    assert content(client.status(REAL)) == {"decision": "later"}
    assert client.order(an_order()).status == 202
    until(lambda: len(aisle.taken) == 2)
    answered, shipped = aisle.taken
    assert answered[1] == f"/v1/suppliers/sup_1/orders/{REAL}/answers"
    assert answered[4]["decision"] == "accepted"
    assert answered[4] == content(client.status(REAL)) == content(client.order(an_order()))
    assert shipped[1].endswith("/shipments")


def test_an_answer_can_come_after_its_time(aisle, back_office):
    supplier, client = back_office
    supplier.mode("late=0.1")
    order = {**samples.an_order(("MUG", 1), seconds=0.2), "allocation_id": REAL}
    began = time.monotonic()
    client.order(order)
    until(lambda: aisle.taken)
    assert time.monotonic() - began >= 0.3


def test_a_held_order_waits_for_the_change(aisle, back_office):
    _, client = back_office
    client.order(an_order(held=True))
    time.sleep(0.15)
    assert aisle.taken == []
    client.change(REAL, samples.a_change(held=False))
    until(lambda: aisle.taken)


def test_tests_are_answered_and_nothing_else(aisle, back_office):
    supplier, client = back_office
    client.order(samples.an_order(("MUG", 1)))
    supplier.mode("later=0.01")
    client.order(samples.an_order(("MUG", 1)))
    time.sleep(0.2)
    assert aisle.taken == []
    assert len(supplier.orders) == 2
    assert not any(order.open for order in supplier.orders.values())


def test_an_invoice_has_a_key_of_its_own(aisle):
    office = Aisle(aisle.url, "token-1", "sup_1")
    office.invoice({"number": "I-1"}, "I-1")
    office.close()
    assert aisle.taken == [(201, "/v1/suppliers/sup_1/invoices", "I-1", "Bearer token-1", {"number": "I-1"})]


def test_nobody_there_is_said_after_some_tries():
    office = Aisle("http://127.0.0.1:9", "token-1", "sup_1", pause=0.001)
    with pytest.raises(NotTaken) as raised:
        office.ship(REAL, {"1": 1}, "C", "N")
    assert "token-1" not in str(raised.value)
