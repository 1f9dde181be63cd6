"""`python -m infra.local.lockers`: virtual locker cabinets against the local cloud, until Ctrl-C.

They are registered at the first run and used again by the next ones. AISLE_STACK names the stack (default "default").
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from infra.local.lockers import faults
from infra.local.lockers.fleet import COMPARTMENTS, SITES, Fleet
from infra.local.lockers.happenings import Happening
from infra.local.lockers.machine import Habits
from infra.local.stack import LocalCloudError, Stack

STOP_WITHIN = 0.8

_printing = threading.Lock()


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        return _run(chosen)
    except (LocalCloudError, faults.FaultError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _run(chosen: argparse.Namespace) -> int:
    faults.Faults.parse(chosen.fault)
    fleet = Fleet(Stack())
    members = fleet.register(chosen.sites, chosen.cabinets, lambda what: _print(f"registered {what}"))
    _print(f"{len(members)} cabinets with {len(COMPARTMENTS)} compartments each; Ctrl-C switches them off")
    # Blocked in all threads and waited for in this one: a Ctrl-C can neither meet another thread, which would leave this one asleep,
    # nor come between two steps of switching on or off.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    fleet.start(members, faults=chosen.fault, habits=Habits(closes_after=chosen.closes_after), listener=_tell)
    signal.sigwait({signal.SIGINT})
    fleet.stop(STOP_WITHIN)
    _print("switched off")
    return 0


def _tell(cabinet_id: str, happening: Happening) -> None:
    at = happening.at.astimezone().strftime("%H:%M:%S.%f")[:-3]
    _print(f"{at}  {cabinet_id}  {happening}")


def _print(line: str) -> None:
    with _printing:
        print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.lockers",
        description=__doc__,
        epilog=faults.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sites", type=int, default=1, choices=range(1, len(SITES) + 1), help="how many (default 1)")
    parser.add_argument("--cabinets", type=int, default=2, help="how many at each site (default 2)")
    parser.add_argument("--fault", default="", metavar="FAULTS", help="what goes wrong with each cabinet; see below")
    parser.add_argument(
        "--closes-after", type=float, default=5.0, metavar="SECONDS", help="until people close a door (default 5)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
