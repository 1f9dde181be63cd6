"""`python -m tests.simulation SEED`: play a history. See docs/simulation.md."""

import tests.simulation.environment  # noqa: F401  # isort: skip

import argparse
import sys
import time
import traceback

from tests.simulation.schedule import played, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Play histories of the simulator.")
    parser.add_argument("seed", type=int, help="the first, or only, seed")
    parser.add_argument("--count", type=int, default=1, help="how many seeds, one after the other")
    parser.add_argument("--trace", action="store_true", help="print all that happened")
    given = parser.parse_args()
    failed = 0
    started = time.process_time()
    seeds = range(given.seed, given.seed + given.count)
    for history in (run(seed, keep_record=True) for seed in seeds) if given.trace else played(seeds):
        if given.trace:
            print("\n".join(history.lines))
        if history.failure is not None:
            failed += 1
            print(f"seed {history.seed} failed: {type(history.failure).__name__}: {history.failure}")
            if given.count == 1:
                traceback.print_exception(history.failure)
    spent = time.process_time() - started
    print(
        f"{given.count} histories, {failed} failed, {spent:.1f} s CPU; the last: {history.steps} steps, {history.digest}"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
