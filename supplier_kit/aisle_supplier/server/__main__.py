"""`python -m aisle_supplier.server`: the reference supplier, until Ctrl-C.

It prints its URL and, unless it was told one, its secret. `/_control/` beside the base shows the calls and orders, and sets modes and stock;
a server that others can reach has a control token, which is asked for there.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
import threading
from pathlib import Path

from aisle_supplier.server import modes
from aisle_supplier.server.back_office import Aisle
from aisle_supplier.server.book import StockUnreadable
from aisle_supplier.server.modes import UnknownMode
from aisle_supplier.server.supplier import ReferenceSupplier
from aisle_supplier.signing import SecretUnreadable
from aisle_supplier.wire import LOCAL

USAGE = 2
DEMO_STOCK = {"MUG-RED": 1_000, "MUG-BLUE": {"quantity": 0}, "MUG-OLD": {"quantity": 0, "refuse": "discontinued"}}


def main(arguments: list[str] | None = None) -> int:
    """Run it; 2 if it was asked in a way that makes no sense."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        supplier = _supplier(chosen)
    except (UnknownMode, StockUnreadable, SecretUnreadable, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE
    stopped = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stopped.set())
    with supplier:
        print(f"listening at {supplier.url}", flush=True)
        if not chosen.secret:
            print(f"secret {supplier.secret}", flush=True)
        if supplier.control_token and not chosen.control_token:
            print(f"control token {supplier.control_token}", flush=True)
        stopped.wait()
    for trouble in supplier.troubles:
        print(f"not taken: {trouble}", file=sys.stderr)
    return 0


def _supplier(chosen: argparse.Namespace) -> ReferenceSupplier:
    aisle = None
    if chosen.aisle:
        if not (chosen.token and chosen.supplier_id):
            raise ValueError("--aisle needs --token (or AISLE_TOKEN) and --supplier-id.")
        aisle = Aisle(chosen.aisle, chosen.token, chosen.supplier_id)
    return ReferenceSupplier(
        _stock(chosen.stock),
        secrets=tuple(chosen.secret),
        modes=tuple(chosen.mode),
        seed=chosen.seed,
        host=chosen.host,
        port=chosen.port,
        base=chosen.base,
        journal=chosen.journal,
        aisle=aisle,
        ships_after=chosen.ships_after if aisle else None,
        control_token=chosen.control_token or ("" if chosen.host in LOCAL else secrets.token_urlsafe(16)),
    )


def _stock(text: str) -> dict[str, object]:
    """Stock from JSON, or from a file with it. Raises `StockUnreadable`."""
    if not text:
        return DEMO_STOCK
    try:
        content = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text())
    except json.JSONDecodeError as error:
        raise StockUnreadable(f"The stock is no JSON: {error}.") from None
    if not isinstance(content, dict):
        raise StockUnreadable(StockUnreadable.__doc__)
    return content


def _parser() -> argparse.ArgumentParser:
    kinds = "\n".join(f"  {name:12}{_shown(kind)}" for name, kind in modes.KINDS.items())
    parser = argparse.ArgumentParser(
        prog="aisle-supplier-server",
        description=__doc__,
        epilog=f"{modes.__doc__}\n{kinds}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="to listen at (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8080, help="to listen at (default 8080; 0: any that is free)")
    parser.add_argument("--base", default="/aisle", help="path before /orders (default /aisle)")
    secret = os.environ.get("AISLE_SUPPLIER_SECRET")
    parser.add_argument(
        "--secret",
        action="append",
        default=[secret] if secret else [],
        help="calls are signed with it; again for a second one (default AISLE_SUPPLIER_SECRET, else a new one)",
    )
    parser.add_argument("--stock", default="", metavar="FILE|JSON", help='e.g. {"MUG-RED": 10} (default: a few mugs)')
    parser.add_argument("--mode", action="append", default=[], help="how it misbehaves; may be given again; see below")
    parser.add_argument("--seed", type=int, help="of what happens by chance")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="keep orders and stock there, and go on from it")
    parser.add_argument(
        "--control-token", default=os.environ.get("AISLE_CONTROL_TOKEN", ""), help="that /_control/ asks for"
    )
    parser.add_argument(
        "--aisle", metavar="URL", help="of Aisle: ship what was accepted, and answer what was left open"
    )
    parser.add_argument(
        "--token", default=os.environ.get("AISLE_TOKEN", ""), help="to call Aisle with (default AISLE_TOKEN)"
    )
    parser.add_argument("--supplier-id", help="who we are at Aisle: sup_...")
    parser.add_argument("--ships-after", type=float, default=5.0, metavar="SECONDS", help="with --aisle (default 5)")
    return parser


def _shown(kind: modes.Kind) -> str:
    if kind.values:
        return f"{kind.says} ({', '.join(kind.values)})"
    if kind.number:
        return f"{kind.says} (default {kind.number})"
    return kind.says


if __name__ == "__main__":
    sys.exit(main())
