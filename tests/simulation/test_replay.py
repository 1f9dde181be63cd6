"""A seed says all: whoever plays it, wherever, sees the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.simulation import patches
from tests.simulation.schedule import run

SEEDS = (3, 40, 71, 356)


def test_a_seed_plays_the_same_history_again() -> None:
    first = [run(seed, keep_record=True) for seed in SEEDS]
    again = [run(seed, keep_record=True) for seed in reversed(SEEDS)]
    for one, other in zip(first, reversed(again), strict=True):
        assert one.lines == other.lines
        assert (one.digest, one.steps, one.failure) == (other.digest, other.steps, None)
    assert len({one.digest for one in first}) == len(SEEDS)


def test_another_process_plays_the_same_history_whatever_its_hashes() -> None:
    def played(hash_seed: str) -> str:
        command = [sys.executable, "-m", "tests.simulation", str(SEEDS[0]), "--trace"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        root = Path(__file__).resolve().parents[2]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.rpartition("\n1 histories")[0]

    one, other = played("1"), played("2")
    assert one == other
    assert one == "\n".join(run(SEEDS[0], keep_record=True).lines)


def test_a_record_that_is_not_kept_has_happened_all_the_same() -> None:
    kept, not_kept = run(SEEDS[0], keep_record=True), run(SEEDS[0])
    assert not_kept.lines == []
    assert not_kept.steps == kept.steps


def test_no_module_has_time_or_chance_that_the_simulator_does_not_know() -> None:
    found = {(module.__name__, name) for module, name, _ in patches.sources()}
    assert {
        ("chalicelib.core.table", "sleep"),
        ("chalicelib.core.table", "uuid4"),
        ("chalicelib.core.retry", "uniform"),
        ("chalicelib.core.ids", "ULID"),
    } <= found


def test_what_modules_keep_for_a_while_is_forgotten_between_histories() -> None:
    kept = {(module.__name__, name) for module, name in patches.remembered()}
    assert {
        ("chalicelib.core.http", "_exchange"),
        ("chalicelib.inventory.store.location", "_listed"),
        ("chalicelib.promotions.service.apply", "_listed"),
        ("chalicelib.returns.service.policies", "_kept"),
        ("chalicelib.shipping.service", "_listed"),
        ("chalicelib.taxes.service.apply_rates", "_listed"),
    } <= kept
