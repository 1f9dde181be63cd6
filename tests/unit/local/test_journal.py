from datetime import UTC, datetime

from infra.local.lockers.journal import Journal

AT = datetime(2026, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC)


def a_journal(entries: int) -> Journal:
    journal = Journal()
    for _ in range(entries):
        journal.write("opened", AT, "1", "grt_1")
    return journal


def sequences(journal: Journal) -> list[list[int]]:
    return [[entry["sequence"] for entry in batch] for batch in journal.batches()]


def test_an_entry_says_what_is_known_and_nothing_else() -> None:
    journal = a_journal(1)
    journal.write("code_refused", AT)
    assert journal.batches() == [
        [
            {
                "sequence": 1,
                "at": "2026-01-01T12:00:00.500Z",
                "type": "opened",
                "compartment": "1",
                "grant_id": "grt_1",
            },
            {"sequence": 2, "at": "2026-01-01T12:00:00.500Z", "type": "code_refused"},
        ]
    ]


def test_a_batch_holds_a_hundred() -> None:
    assert [len(batch) for batch in a_journal(250).batches()] == [100, 100, 50]
    assert a_journal(0).batches() == []


def test_what_the_server_has_is_dropped_and_never_numbered_again() -> None:
    journal = a_journal(3)
    assert journal.drop(2) == 2
    assert journal.drop(2) == 0
    assert journal.write("closed", AT) == 4
    assert sequences(journal) == [[3, 4]]


def test_a_cabinet_without_memory_counts_on_from_what_the_server_has() -> None:
    journal = Journal()
    journal.drop(7)
    assert journal.write("closed", AT) == 8
