"""The Chalice command line, quicker against the local cloud: `python -m infra.local.chalice_cli <chalice arguments>`.

Chalice waits in steps of five seconds for a new function to become active. The local cloud has it at once, so the waits
are cut short there, and only there.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

LONGEST_WAIT = 0.05
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_local(endpoint: str | None) -> bool:
    """Whether an endpoint URL leads to this machine."""
    return urlsplit(endpoint or "").hostname in LOOPBACK


def shorten_waits() -> None:
    """Cap `time.sleep`. Call it before Chalice is imported: it keeps a reference of its own."""
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(float(seconds), LONGEST_WAIT))


def main() -> int:
    if is_local(os.environ.get("AWS_ENDPOINT_URL")):
        shorten_waits()
    # The application to import is the packaged one, not the repository's.
    sys.path[:] = [entry for entry in sys.path if entry not in ("", str(Path.cwd()))]
    from chalice.cli import main as chalice

    return int(chalice() or 0)


if __name__ == "__main__":
    sys.exit(main())
