"""Proof by code: guesses are counted, answers are equal, a contact is one customer's."""

from datetime import timedelta
from threading import Thread

import pytest

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Contended
from chalicelib.core.idempotency import Answer, Replay, no_answer
from chalicelib.customers import service, store
from chalicelib.customers.domain import CodeRefused, ContactTaken, CustomerGone, Means, NothingToVerify, TooManyRequests
from chalicelib.customers.service import Code
from tests.unit.customers.builders import (
    NOON,
    a_key,
    a_shopper,
    ask_for_code,
    code_for,
    events_of,
    has_profile,
    has_proven,
    send_back,
    the_customer,
    told,
)

pytestmark = pytest.mark.usefixtures("table")
ADA = a_shopper()


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_code_that_comes_back_proves_the_address() -> None:
    has_profile(email="ada@example.com")
    ask_for_code()
    send_back(code_for("usr_ada"))
    assert the_customer().verified == {Means.EMAIL}
    assert [type for type, _ in told()] == [
        "CustomerCreated",
        "CustomerChanged",
        "VerificationRequested",
        "CustomerChanged",
    ]
    assert told()[-1] == ("CustomerChanged", {"fields": ["verified"]})


def test_the_same_for_a_phone() -> None:
    has_profile(phone="+447700900123")
    ask_for_code(means=Means.PHONE)
    send_back(code_for("usr_ada", Means.PHONE), means=Means.PHONE)
    assert the_customer().verified == {Means.PHONE}


def test_who_sends_the_code_gets_it_again_and_again_and_no_event_holds_it() -> None:
    has_profile(name="Ada", email="ada@example.com", language="de")
    ask_for_code()
    data = told()[-1][1]
    code = service.code_of("usr_ada", data["verification_id"], Means.EMAIL)
    assert code == Code(code_for("usr_ada"), Means.EMAIL, "ada@example.com", "Ada", "de")
    assert service.code_of("usr_ada", data["verification_id"], Means.EMAIL) == code
    assert len(code.digits) == 6
    assert all(code.digits not in event.to_json() for event in events_of() if event.type == "VerificationRequested")
    assert set(data) == {"verification_id", "means"}


def test_no_code_is_sent_that_would_be_of_no_use() -> None:
    with clock.at(NOON):
        has_profile(email="ada@example.com")
        ask_for_code()
        first = told()[-1][1]["verification_id"]
        ask_for_code()
        second = told()[-1][1]["verification_id"]
        assert service.code_of("usr_ada", first, Means.EMAIL) is None
        assert service.code_of("usr_ada", second, Means.PHONE) is None
        assert service.code_of("usr_nobody", second, Means.EMAIL) is None
        assert service.code_of("usr_ada", second, Means.EMAIL) is not None
    with clock.at(NOON + timedelta(minutes=15)):
        assert service.code_of("usr_ada", second, Means.EMAIL) is None
    with clock.at(NOON):
        service.change_profile("usr_ada", {"email": "eve@example.com"}, expected_version=2, by=ADA)
        assert service.code_of("usr_ada", second, Means.EMAIL) is None


@pytest.mark.parametrize(("seconds", "proven"), [(899, True), (900, False)])
def test_a_code_is_good_for_fifteen_minutes(seconds: int, proven: bool) -> None:
    with clock.at(NOON):
        has_profile(email="ada@example.com")
        ask_for_code()
    with clock.at(NOON + timedelta(seconds=seconds)):
        if proven:
            send_back(code_for("usr_ada"))
        else:
            with pytest.raises(CodeRefused):
                send_back(code_for("usr_ada"))
    assert bool(the_customer().verified) is proven


def test_the_sixth_try_fails_even_with_the_right_code() -> None:
    has_profile(email="ada@example.com")
    ask_for_code()
    code = code_for("usr_ada")
    for _ in range(5):
        with pytest.raises(CodeRefused):
            send_back(wrong(code))
    with pytest.raises(CodeRefused):
        send_back(code)
    assert the_customer().verified == frozenset()


def test_the_fifth_try_may_be_right() -> None:
    has_profile(email="ada@example.com")
    ask_for_code()
    for _ in range(4):
        with pytest.raises(CodeRefused):
            send_back(wrong(code_for("usr_ada")))
    send_back(code_for("usr_ada"))
    assert the_customer().verified == {Means.EMAIL}


def test_parallel_guesses_are_all_counted() -> None:
    has_profile(email="ada@example.com")
    ask_for_code()
    bad = wrong(code_for("usr_ada"))
    outcomes: list[str] = []

    def guess() -> None:
        try:
            send_back(bad)
        except (CodeRefused, Contended) as error:
            outcomes.append(error.code)

    threads = [Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begun = store.get_verification("usr_ada", Means.EMAIL)
    assert begun is not None
    assert len(outcomes) == 12
    # Only who counted was told anything of the code; the others found no try left, or lost the race.
    assert 1 <= begun.attempts <= 5


@pytest.mark.parametrize("situation", ["none asked for", "wrong", "expired", "used"])
def test_whatever_is_wrong_with_a_code_the_answer_is_the_same(situation: str) -> None:
    with clock.at(NOON):
        has_profile(email="ada@example.com")
        code = "000000"
        if situation != "none asked for":
            ask_for_code()
            code = wrong(code_for("usr_ada")) if situation == "wrong" else code_for("usr_ada")
        if situation == "used":
            send_back(code)
    with clock.at(NOON + timedelta(hours=situation == "expired")), pytest.raises(AisleError) as refused:
        send_back(code)
    assert (refused.value.code, refused.value.detail, refused.value.members) == (
        "code_refused",
        "Check the code, or ask for a new one.",
        {},
    )


def test_five_codes_an_hour() -> None:
    with clock.at(NOON):
        has_profile(email="ada@example.com")
        for _ in range(5):
            ask_for_code()
    with clock.at(NOON + timedelta(minutes=59)), pytest.raises(TooManyRequests):
        ask_for_code()
    with clock.at(NOON + timedelta(minutes=60)):
        for _ in range(5):
            ask_for_code()
        with pytest.raises(TooManyRequests):
            ask_for_code()


def test_proving_ones_own_address_buys_no_guesses_at_anothers() -> None:
    with clock.at(NOON):
        has_profile(email="own@example.com")
        for _ in range(5):
            ask_for_code()
        send_back(code_for("usr_ada"))
        ada = the_customer()
        service.change_profile("usr_ada", {"email": "victim@example.com"}, expected_version=ada.version, by=ADA)
        with pytest.raises(TooManyRequests):
            ask_for_code()


def test_asking_looks_the_same_whether_or_not_another_has_the_address() -> None:
    has_proven("usr_ada", "ada@example.com")
    has_profile("usr_eve", email="Ada@example.com")
    has_profile("usr_bob", email="bob@example.com")
    answers: list[Answer] = []
    for id in ("usr_eve", "usr_bob"):
        service.request_verification(
            Means.EMAIL, by=a_shopper(id), once=a_key(), answer=lambda begun: answers.append(no_answer()) or no_answer()
        )
    assert answers == [no_answer(), no_answer()]
    assert [type for type, _ in told("usr_eve")] == [type for type, _ in told("usr_bob")]


def test_an_address_is_one_customers() -> None:
    has_proven("usr_ada", "ada@example.com")
    has_profile("usr_eve", email="Ada@example.com")
    ask_for_code("usr_eve")
    with pytest.raises(ContactTaken):
        send_back(code_for("usr_eve"), "usr_eve")
    assert the_customer("usr_eve").verified == frozenset()


def test_of_two_who_prove_one_address_at_once_one_has_it() -> None:
    for id in ("usr_ada", "usr_eve"):
        has_profile(id, email="ada@example.com")
        ask_for_code(id)
    outcomes: list[str] = []

    def prove(id: str) -> None:
        try:
            send_back(code_for(id), id)
            outcomes.append("proven")
        except ContactTaken:
            outcomes.append("taken")

    threads = [Thread(target=prove, args=(id,)) for id in ("usr_ada", "usr_eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["proven", "taken"]


def test_there_has_to_be_something_to_prove() -> None:
    has_profile()
    with pytest.raises(NothingToVerify):
        ask_for_code()
    has_proven("usr_eve", "eve@example.com")
    with pytest.raises(NothingToVerify):
        ask_for_code("usr_eve")


def test_a_confirmation_sent_again_gets_the_first_answer_and_counts_no_try() -> None:
    has_profile(email="ada@example.com")
    ask_for_code()
    once, code = a_key(), code_for("usr_ada")
    for attempt in range(2):
        try:
            service.confirm_verification(Means.EMAIL, code, by=ADA, once=once, answer=lambda _: no_answer())
            assert attempt == 0
        except Replay:
            assert attempt == 1


def test_nothing_is_proven_for_one_who_asked_to_be_forgotten() -> None:
    ada = has_profile(email="ada@example.com")
    ask_for_code()
    code, version = code_for("usr_ada"), ada.version
    verification_id = told()[-1][1]["verification_id"]
    service.request_erasure("usr_ada", expected_version=version, by=ADA)
    assert service.code_of("usr_ada", verification_id, Means.EMAIL) is None
    with pytest.raises(CodeRefused):
        send_back(code)
    with pytest.raises(CustomerGone):
        ask_for_code()
