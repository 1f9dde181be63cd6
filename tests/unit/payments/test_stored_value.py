"""Gift cards and store credit: codes, balances that are the sum of their entries, and the gateway of payments."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core import clock, outbox
from chalicelib.core.errors import Forbidden, Unavailable
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.core.ids import is_id
from chalicelib.core.money import Money
from chalicelib.core.table import Transaction
from chalicelib.payments import domain, service
from chalicelib.payments.domain import Account, AccountKind, AccountVoid, CodeInvalid, EntryKind, TenderRequest
from chalicelib.payments.gateways import Approved, Call, Declined, NotFound, StoredValueGateway, Unknown, Verb, codes
from chalicelib.payments.store import stored_value as books
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, SUPPLIER, a_machine, a_shopper
from tests.unit.payments.builders import BY, ORDER, card, due, events_of, opened, refund, stored

CREDIT = "usr_shopper.GBP"
Ask = Callable[..., Any]


def pounds(amount: int) -> Money:
    return Money(amount, "GBP")


def a_credit(amount: int = 1000, account: str = CREDIT) -> str:
    tx = Transaction()
    service.open_credit(tx, account, amount, "goodwill", ADMIN)
    tx.commit()
    return account


def a_gift_card(amount: int = 1000, expires_on: date | None = None) -> tuple[str, str]:
    """Code and id of a new gift card."""
    told: list[tuple[Account, str | None]] = []

    def answer(account: Account, code: str | None) -> Any:
        told.append((account, code))
        return no_answer()

    once = Idempotency.of("test", f"card {len(told)} {datetime.now(UTC)}", b"")
    service.issue_gift_card(pounds(amount), expires_on, by=ADMIN, once=once, answer=answer)
    [(_, none), (account, code)] = told
    assert none is None
    assert code is not None
    return code, account.holder


def balance(account: str = CREDIT) -> int:
    """What the counter says, which is what the entries say."""
    counted = service.credit_balance(account)
    assert counted == sum(entry.amount for entry in books.entries_of(account)) >= 0
    return counted


def authorisation(account: str = CREDIT, key: str = "o:authorise", amount: int = 600) -> Call:
    return Call(Verb.AUTHORISE, key, pounds(amount), account)


# ---- codes --------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 2 ** (5 * domain.RANDOM_CHARACTERS) - 1))
def test_a_code_is_read_however_it_is_typed(random: int) -> None:
    code = domain.code_of(random)
    plain = domain.plain(code)
    assert [len(group) for group in code.split("-")] == [4] * 5
    assert plain == code.replace("-", "")
    assert domain.plain(f" {code.lower().replace('-', ' ')} ".replace("0", "o").replace("1", "l")) == plain


@given(st.integers(0, 2**95 - 1), st.integers(0, 19), st.integers(1, 31))
def test_a_wrong_character_is_noticed(random: int, place: int, by: int) -> None:
    plain = list(domain.plain(domain.code_of(random)))
    plain[place] = domain.stored_value.ALPHABET[(domain.stored_value.ALPHABET.index(plain[place]) + by) % 32]
    with pytest.raises(CodeInvalid):
        domain.plain("".join(plain))


@pytest.mark.parametrize("code", ["", "0000", "0" * 19, "0" * 21, "U" * 20, "😀" * 20])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(CodeInvalid):
        domain.plain(code)


def test_different_randomness_gives_different_codes() -> None:
    assert len({domain.code_of(random) for random in (0, 1, 31, 32, 2**94, 2**95 - 1)}) == 6


@pytest.mark.usefixtures("table")
def test_a_card_is_named_by_the_keyed_hash_of_its_code() -> None:
    code = domain.code_of(12345)
    assert codes.gift_card_of(code) == codes.gift_card_of(code.lower())
    assert codes.gift_card_of(code) != codes.gift_card_of(domain.code_of(12346))
    assert is_id(codes.gift_card_of(code), "gft")


@pytest.mark.usefixtures("table")
def test_no_code_is_stored_anywhere(table: Any) -> None:
    code, _ = a_gift_card()
    opened(tenders=[TenderRequest("gift_card", code)])
    service.authorise(ORDER, BY)
    kept = str(table.scan(TableName="aisle-test")["Items"])
    assert code not in kept
    assert domain.plain(code) not in kept


# ---- the gateway --------------------------------------------------------------------------------------------------------

table = pytest.mark.usefixtures("table")


@table
def test_what_is_held_is_off_the_balance_until_it_is_captured_or_given_back() -> None:
    a_credit()
    provider = StoredValueGateway()
    held = provider.authorise("o:a", pounds(600), CREDIT)
    assert (held, balance()) == (Approved(f"{CREDIT}|o:a"), 400)
    taken = provider.capture("o:c", held.reference, pounds(500))
    assert (taken, balance()) == (Approved(f"{CREDIT}|o:c"), 400)
    assert (provider.void("o:v", held.reference), balance()) == (Approved(f"{CREDIT}|o:v"), 500)
    assert (provider.refund("o:r", taken.reference, pounds(200)), balance()) == (Approved(f"{CREDIT}|o:r"), 700)


@table
def test_a_key_acts_once() -> None:
    a_credit()
    provider = StoredValueGateway()
    calls = [
        lambda: provider.authorise("o:a", pounds(600), CREDIT),
        lambda: provider.capture("o:c", f"{CREDIT}|o:a", pounds(500)),
        lambda: provider.void("o:v", f"{CREDIT}|o:a"),
        lambda: provider.refund("o:r", f"{CREDIT}|o:c", pounds(200)),
    ]
    for call in calls:
        assert call() == call()
    assert balance() == 700


@table
def test_no_more_is_taken_than_there_is() -> None:
    a_credit(600)
    provider = StoredValueGateway()
    assert provider.authorise("o:a", pounds(601), CREDIT) == Declined("insufficient_funds")
    held = provider.authorise("o:b", pounds(600), CREDIT)
    assert provider.authorise("o:c", pounds(1), CREDIT) == Declined("insufficient_funds")
    assert provider.capture("o:x", held.reference, pounds(601)) == Declined("exceeds_what_is_left")
    taken = provider.capture("o:y", held.reference, pounds(400))
    assert provider.capture("o:z", held.reference, pounds(201)) == Declined("exceeds_what_is_left")
    assert provider.refund("o:r", taken.reference, pounds(401)) == Declined("exceeds_what_is_left")
    assert provider.refund("o:s", taken.reference, pounds(400)) == Approved(f"{CREDIT}|o:s")
    assert provider.refund("o:t", taken.reference, pounds(1)) == Declined("exceeds_what_is_left")
    assert balance() == 400


@table
def test_a_refusal_stays_one_when_money_comes_in_between() -> None:
    a_credit(100)
    provider = StoredValueGateway()
    assert provider.authorise("o:a", pounds(600), CREDIT) == Declined("insufficient_funds")
    a_credit(1000)
    assert provider.authorise("o:a", pounds(600), CREDIT) == Declined("insufficient_funds")
    assert provider.look_up(authorisation(key="o:a")) == Declined("insufficient_funds")
    assert balance() == 1100


@table
def test_what_is_not_an_account_or_not_of_this_currency_is_declined() -> None:
    a_credit()
    provider = StoredValueGateway()
    assert provider.authorise("o:a", pounds(1), "nobody.GBP") == Declined("unknown_account")
    assert provider.authorise("o:b", Money(1, "EUR"), CREDIT) == Declined("wrong_currency")
    held = provider.authorise("o:c", pounds(1), CREDIT)
    assert provider.capture("o:d", f"{CREDIT}|o:none", pounds(1)) == Declined("unknown_reference")
    assert provider.refund("o:e", held.reference, pounds(1)) == Declined("unknown_reference")
    assert provider.capture("o:f", f"{CREDIT}|o:a", pounds(1)) == Declined("unknown_reference")


@table
def test_a_card_is_good_to_the_end_of_its_last_day() -> None:
    _, holder = a_gift_card(expires_on=date(2026, 1, 31))
    provider = StoredValueGateway()
    account = f"{holder}.GBP"
    with clock.at(datetime(2026, 1, 31, 23, 59, tzinfo=UTC)):
        held = provider.authorise("o:a", pounds(600), account)
        assert isinstance(held, Approved)
    with clock.at(datetime(2026, 2, 1, tzinfo=UTC)):
        assert provider.authorise("o:b", pounds(1), account) == Declined("account_expired")
        assert isinstance(provider.void("o:v", held.reference), Approved)
    assert balance(account) == 1000


@table
def test_forestalling_keeps_a_key_from_being_used() -> None:
    a_credit()
    provider = StoredValueGateway()
    assert [provider.forestall(authorisation()) for _ in range(2)] == [NotFound(), NotFound()]
    assert provider.authorise("o:authorise", pounds(600), CREDIT) == Declined("cancelled")
    assert (provider.look_up(authorisation()), balance()) == (NotFound(), 1000)
    held = provider.authorise("o:b", pounds(600), CREDIT)
    assert provider.forestall(authorisation(key="o:b")) == provider.look_up(authorisation(key="o:b")) == held


@table
def test_a_table_out_of_reach_is_an_unknown_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise Unavailable("down")

    monkeypatch.setattr(books, "hold", fail)
    assert StoredValueGateway().authorise("o:a", pounds(1), CREDIT) == Unknown("down")


@table
def test_a_void_card_takes_no_money_back() -> None:
    _, holder = a_gift_card()
    provider = StoredValueGateway()
    held = provider.authorise("o:a", pounds(600), f"{holder}.GBP")
    taken = provider.capture("o:c", held.reference, pounds(500))
    service.void_gift_card(holder, "stolen", by=ADMIN, once=Idempotency.of("t", "v", b""), answer=lambda _: no_answer())
    assert provider.refund("o:r", taken.reference, pounds(1)) == Declined("account_void")
    assert provider.authorise("o:b", pounds(1), f"{holder}.GBP") == Declined("account_void")
    assert balance(f"{holder}.GBP") == 0


@table
def test_parallel_holds_take_no_more_than_there_is() -> None:
    a_credit()
    start, answers = Barrier(5), []

    def hold(number: int) -> None:
        start.wait()
        answers.append(StoredValueGateway().authorise(f"o:{number}", pounds(300), CREDIT))

    threads = [Thread(target=hold, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(answer).__name__ for answer in answers) == ["Approved"] * 3 + ["Declined"] * 2
    assert balance() == 100


OPERATIONS = st.one_of(
    st.tuples(st.just("grant"), st.integers(1, 500)),
    st.tuples(st.just("authorise"), st.sampled_from("ab"), st.integers(1, 500)),
    st.tuples(st.just("forestall"), st.sampled_from("ab")),
    st.tuples(st.just("capture"), st.sampled_from("cd"), st.sampled_from("ab"), st.integers(1, 300)),
    st.tuples(st.just("void"), st.sampled_from("vw"), st.sampled_from("ab")),
    st.tuples(st.just("refund"), st.sampled_from("rs"), st.sampled_from("cd"), st.integers(1, 300)),
)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(OPERATIONS, max_size=15))
def test_every_balance_is_the_sum_of_its_entries(memory: Any, operations: list[tuple[Any, ...]]) -> None:
    from tests.conftest import empty

    empty(memory)
    provider = StoredValueGateway()
    a_credit(500)
    put_in = 500
    for name, *rest in operations:
        if name == "grant":
            a_credit(rest[0])
            put_in += rest[0]
        elif name == "authorise":
            provider.authorise(rest[0], pounds(rest[1]), CREDIT)
        elif name == "forestall":
            provider.forestall(authorisation(key=rest[0]))
        else:
            amount = [pounds(rest[2])] if name != "void" else []
            getattr(provider, name)(rest[0], f"{CREDIT}|{rest[1]}", *amount)
    entries = books.entries_of(CREDIT)
    held = sum(entry.remaining for entry in entries if entry.kind is EntryKind.HOLD)
    spent = sum(entry.remaining for entry in entries if entry.kind is EntryKind.CAPTURE)
    assert balance() + held + spent == put_in


# ---- in payments --------------------------------------------------------------------------------------------------------


@table
def test_an_order_is_paid_by_gift_card_store_credit_and_card() -> None:
    code, holder = a_gift_card(300)
    a_credit(200)
    tenders = [card(), TenderRequest("gift_card", code, 300), TenderRequest("store_credit", "usr_shopper", 200)]
    opened(tenders=tenders)
    assert service.authorise(ORDER, BY) == {"outcome": "authorised"}
    assert (balance(f"{holder}.GBP"), balance()) == (0, 0)
    due(ORDER, "f1", 400)
    service.capture(ORDER, "f1", BY)
    assert [one.captured for one in stored().tenders] == [300, 100, 0]
    due(ORDER, "f2", 50, final=True)
    service.settle(ORDER, BY)
    assert ([one.captured for one in stored().tenders], stored().voided, balance()) == ([300, 150, 0], 550, 50)
    refund("r1", 400)
    service.settle(ORDER, BY)
    assert (balance(f"{holder}.GBP"), balance(), stored().refunded) == (250, 200, 400)


@table
def test_a_declined_card_gives_the_gift_card_back() -> None:
    code, holder = a_gift_card(300)
    opened(tenders=[TenderRequest("gift_card", code, 300), card("tok_decline_stolen_card")])
    assert service.authorise(ORDER, BY) == {"outcome": "declined", "reason": "stolen_card"}
    assert balance(f"{holder}.GBP") == 300


@table
def test_too_little_on_a_gift_card_never_asks_the_card() -> None:
    code, holder = a_gift_card(299)
    opened(tenders=[TenderRequest("gift_card", code, 300), card()])
    assert service.authorise(ORDER, BY) == {"outcome": "declined", "reason": "insufficient_funds"}
    assert (balance(f"{holder}.GBP"), [one.status for one in stored().tenders]) == (299, ["declined", "void"])


@table
def test_a_mistyped_code_opens_no_payment() -> None:
    with pytest.raises(CodeInvalid):
        opened(tenders=[TenderRequest("gift_card", "AAAA-AAAA-AAAA-AAAA-AAAB")])


@table
def test_a_shopper_spends_their_own_store_credit_only() -> None:
    a_credit(1000, "usr_other.GBP")
    for token, holder in (("me", "usr_shopper"), ("usr_shopper", "usr_shopper")):
        tx = Transaction()
        service.open_payment(tx, ORDER, pounds(10), [TenderRequest("store_credit", token)], SHOPPER)
        assert f"{holder}.GBP" in str(tx._puts[0].arguments)
    with pytest.raises(Forbidden):
        service.open_payment(Transaction(), ORDER, pounds(10), [TenderRequest("store_credit", "usr_other")], SHOPPER)


@table
def test_a_refund_becomes_credit_in_the_transaction_that_asks_for_it() -> None:
    opened()
    service.authorise(ORDER, BY)
    due(ORDER, "f1", 600, final=True)
    service.capture(ORDER, "f1", BY)
    refund("r1", 400, to=f"credit:{CREDIT}")
    assert (balance(), stored().refunded, stored().refundable) == (400, 400, 200)
    assert events_of()[-2:] == [("RefundRequested", 400), ("PaymentRefunded", 400)]
    for _ in range(2):
        service.settle(ORDER, BY)
    assert balance() == 400


@table
def test_credit_waits_for_the_capture_and_comes_with_it() -> None:
    opened()
    service.authorise(ORDER, BY)
    due(ORDER, "f1", 600, final=True)
    refund("r1", 400, to=f"credit:{CREDIT}")
    assert balance() == 0
    service.capture(ORDER, "f1", BY)
    assert (balance(), stored().refunded) == (400, 400)
    assert [type for type, _ in events_of()][-3:] == ["PaymentCaptured", "PaymentRefunded", "PaymentVoided"]


@table
def test_credit_of_a_refund_pays_for_an_exchange() -> None:
    opened()
    service.authorise(ORDER, BY)
    due(ORDER, "f1", 600, final=True)
    service.capture(ORDER, "f1", BY)
    refund("ret_1", 600, to=f"credit:{service.store_credit_account('ret_1', 'GBP')}")
    exchange = opened(amount=550, order_id="ord_exchange", tenders=[TenderRequest("store_credit", "ret_1")])
    assert service.authorise(exchange, BY) == {"outcome": "authorised"}
    assert balance("ret_1.GBP") == 50


# ---- the API ------------------------------------------------------------------------------------------------------------


def post(call: Ask, path: str, json: Any, by: Any = ASSOCIATE, key: str = "k1") -> Any:
    return call("POST", path, json=json, by=by, headers={"Idempotency-Key": key})


def issue(call: Ask, **more: Any) -> Any:
    return post(call, "/v1/gift-cards", {"amount": 5000, "currency": "GBP", **more})


def test_a_gift_card_is_issued_and_its_code_told_once(call: Ask) -> None:
    reply = issue(call, expires_on="2030-12-31")
    shown = {"status": "active", "currency": "GBP", "balance": 5000, "expires_on": "2030-12-31"}
    assert reply.status == 201
    assert reply.json == {"id": reply.json["id"], "code": reply.json["code"], **shown}
    assert len(domain.plain(reply.json["code"])) == 20
    again = issue(call, expires_on="2030-12-31")
    assert (again.status, again.json) == (201, {**reply.json, "code": None})
    path = reply.headers["location"]
    assert call("GET", path, by=ADMIN).json == {"id": reply.json["id"], **shown}
    assert call("POST", "/v1/gift-cards/balance", json={"code": reply.json["code"].lower()}).json == {
        "id": reply.json["id"],
        **shown,
    }
    [event] = outbox.timeline(f"CREDIT#{reply.json['id']}")
    assert (event.type, event.data) == (
        "GiftCardIssued",
        {"holder": reply.json["id"], "currency": "GBP", "amount": 5000},
    )


def test_an_unknown_and_a_mistyped_code(call: Ask) -> None:
    ask = "/v1/gift-cards/balance"
    assert call("POST", ask, json={"code": domain.code_of(1)}).status == 404
    mistyped = call("POST", ask, json={"code": "AAAA-AAAA-AAAA-AAAA-AAAB"})
    assert (mistyped.status, mistyped.code) == (422, "gift_card_code_invalid")


def test_a_card_is_topped_up_and_good_again(call: Ask) -> None:
    card = issue(call, expires_on="2020-01-01").json
    assert card["status"] == "expired"
    path = f"/v1/gift-cards/{card['id']}/top-ups"
    for _ in range(2):
        topped = post(call, path, {"amount": 100, "expires_on": "2099-01-01"})
        assert (topped.status, topped.json["balance"], topped.json["status"]) == (200, 5100, "active")
    assert balance(f"{card['id']}.GBP") == 5100


def test_a_voided_card_is_worth_nothing_for_good(call: Ask) -> None:
    card = issue(call).json
    path = f"/v1/gift-cards/{card['id']}"
    voided = post(call, f"{path}/void", {"reason": "lost"})
    assert (voided.status, voided.json["balance"], voided.json["status"]) == (200, 0, "void")
    assert post(call, f"{path}/void", {"reason": "lost"}, key="k2").code == "gift_card_void"
    assert post(call, f"{path}/top-ups", {"amount": 1}, key="k3").code == "gift_card_void"
    assert balance(f"{card['id']}.GBP") == 0


@pytest.mark.parametrize("action", ["top-ups", "void"])
def test_a_card_that_is_not_there(call: Ask, action: str) -> None:
    body = {"amount": 1} if action == "top-ups" else {"reason": "lost"}
    assert post(call, f"/v1/gift-cards/gft_none/{action}", body).status == 404


def test_voiding_is_repeated_when_the_balance_moves_meanwhile(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, holder = a_gift_card()
    account, before = f"{holder}.GBP", books.write_off

    def spend_first(*arguments: Any) -> None:
        monkeypatch.setattr(books, "write_off", before)
        StoredValueGateway().authorise("o:a", pounds(600), account)
        before(*arguments)

    monkeypatch.setattr(books, "write_off", spend_first)
    service.void_gift_card(holder, "lost", by=ADMIN, once=Idempotency.of("t", "v", b""), answer=lambda _: no_answer())
    assert balance(account) == 0


def test_store_credit_is_granted_and_read(call: Ask) -> None:
    path = "/v1/customers/usr_shopper/store-credit"
    for _ in range(2):
        granted = post(call, path, {"amount": 500, "currency": "GBP", "reason": "sorry"})
        assert (granted.status, granted.json) == (201, {"currency": "GBP", "balance": 500})
    assert post(call, path, {"amount": 200, "currency": "GBP", "reason": "sorry"}, key="k2").json["balance"] == 700
    post(call, path, {"amount": 300, "currency": "EUR", "reason": "sorry"}, key="k3")
    both = [{"currency": "EUR", "balance": 300}, {"currency": "GBP", "balance": 700}]
    assert call("GET", path, by=ADMIN).json["items"] == both
    assert call("GET", "/v1/me/store-credit", by=SHOPPER).json == {"items": both, "next_cursor": None}
    assert call("GET", "/v1/me/store-credit", by=a_shopper("usr_other")).json["items"] == []
    assert balance() == 700


def test_store_credit_is_not_granted_to_a_gift_card(call: Ask) -> None:
    card = issue(call).json
    body = {"amount": 500, "currency": "GBP", "reason": "sorry"}
    assert post(call, f"/v1/customers/{card['id']}/store-credit", body, key="k2").status == 409
    assert balance(f"{card['id']}.GBP") == 5000


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/gift-cards", {"amount": 1, "currency": "GBP"}),
        ("GET", "/v1/gift-cards/gft_1", None),
        ("POST", "/v1/gift-cards/gft_1/top-ups", {"amount": 1}),
        ("POST", "/v1/gift-cards/gft_1/void", {"reason": "lost"}),
        ("POST", "/v1/customers/usr_1/store-credit", {"amount": 1, "currency": "GBP", "reason": "sorry"}),
        ("GET", "/v1/customers/usr_1/store-credit", None),
    ],
)
def test_only_staff_and_machines_with_the_scope(call: Ask, method: str, path: str, body: Any) -> None:
    def status(by: Any) -> int:
        headers = {"Idempotency-Key": f"k {by.id}"}
        return int(call(method, path, json=body, by=by, headers=headers).status)

    assert [status(by) for by in (SHOPPER, SUPPLIER)] == [403, 403]
    assert status(a_machine("orders.write")) == 401
    assert status(a_machine("payments.credit")) in (200, 201, 404)


def test_void_accounts_take_no_grant(table: Any) -> None:
    _, holder = a_gift_card()
    service.void_gift_card(holder, "lost", by=ADMIN, once=Idempotency.of("t", "v", b""), answer=lambda _: no_answer())
    tx = Transaction()
    books.grant(tx, f"{holder}.GBP", 1, "k", EntryKind.REFUND)
    with pytest.raises(AccountVoid):
        tx.commit()
    assert books.account_of(holder, "GBP") == Account(holder, "GBP", AccountKind.GIFT_CARD, 0, True)
