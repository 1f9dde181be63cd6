from pathlib import Path

from examples.online_retail.journal import Journal


def test_facts_survive_a_restart_and_later_ones_win(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.write("placed", "a", id="ord_1")
        journal.write("placed", "a", id="ord_2")
        journal.write("settled", "a", status="delivered")
    with Journal(tmp_path / "j") as journal:
        assert journal.all("placed") == {"a": {"kind": "placed", "key": "a", "id": "ord_2"}}
        assert journal.get("settled", "b") is None


def test_a_line_cut_in_half_by_a_kill_is_dropped_and_the_next_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path) as journal:
        journal.write("placed", "a", id="ord_1")
        journal.write("placed", "b", id="ord_2")
    path.write_bytes(path.read_bytes()[:-7])
    with Journal(path) as journal:
        assert set(journal.all("placed")) == {"a"}
        journal.write("placed", "c", id="ord_3")
    with Journal(path) as journal:
        assert set(journal.all("placed")) == {"a", "c"}


def test_a_fresh_journal_forgets(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.write("placed", "a", id="ord_1")
    with Journal(tmp_path / "j", fresh=True) as journal:
        assert journal.all("placed") == {}
