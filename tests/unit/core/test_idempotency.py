from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from pynamodb.attributes import NumberAttribute

from chalicelib.core import clock
from chalicelib.core.errors import Conflict
from chalicelib.core.idempotency import Answer, Idempotency, KeyReused, Replay
from chalicelib.core.table import Item, Transaction, find

START = datetime(2026, 1, 1, tzinfo=UTC)


class Counter(Item):
    value = NumberAttribute()


def run(once, text, name="c"):
    """A command that counts up once and answers `text`."""
    tx = Transaction()
    tx.update(Counter(name, "C"), [Counter.value.add(1)], Counter.pk.exists() | Counter.pk.does_not_exist(), Conflict)
    answer = Answer(201, text, {"ETag": '"1"'})
    once.record(tx, answer)
    tx.commit()
    return answer


def counted(name="c"):
    item = find(Counter, name, "C", consistent=True)
    return item.value if item else 0


def test_a_repetition_gets_the_first_answer_and_has_no_effect(table):
    once = Idempotency.of("me POST /x", "k", b"payload")
    run(once, "first")
    with pytest.raises(Replay) as replay:
        run(once, "second")
    assert replay.value.answer == Answer(201, "first", {"ETag": '"1"'})
    assert once.earlier() == replay.value.answer
    assert counted() == 1


def test_another_payload_is_refused(table):
    run(Idempotency.of("me POST /x", "k", b"payload"), "first")
    other = Idempotency.of("me POST /x", "k", b"other")
    with pytest.raises(KeyReused):
        run(other, "second")
    with pytest.raises(KeyReused):
        other.earlier()
    assert counted() == 1


def test_keys_belong_to_their_caller_and_route(table):
    for scope in ("me POST /x", "you POST /x", "me POST /y"):
        run(Idempotency.of(scope, "k", b"payload"), "first")
    assert counted() == 3


def test_one_of_many_at_once_has_the_effect(table):
    once = Idempotency.of("me POST /x", "k", b"payload")
    barrier, outcomes = Barrier(8), []

    def attempt(number):
        barrier.wait()
        try:
            run(once, str(number))
            outcomes.append("done")
        except Replay as replay:
            outcomes.append(replay.answer.body)

    threads = [Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted() == 1
    assert outcomes.count("done") == 1
    assert len(set(outcomes)) == 2


def test_an_expired_record_is_not_there_even_before_it_is_deleted(table):
    once = Idempotency.of("me POST /x", "k", b"payload")
    with clock.at(START):
        run(once, "first")
    with clock.at(START + timedelta(hours=47)):
        assert once.earlier() is not None
        with pytest.raises(Replay):
            run(once, "second")
    with clock.at(START + timedelta(hours=49)):
        assert once.earlier() is None
        run(once, "third")
    assert counted() == 2
