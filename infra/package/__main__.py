"""`python -m infra.package DIRECTORY --stage STAGE`: stage the package, for a look at it or for one's own pipeline.

The configuration is the repository's `.chalice/config.json`, which `terraform output -raw chalice_config` writes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.package.build import stage
from infra.package.vendor import PackagingError

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--host", action="store_true", help="build for this machine instead of for Lambda")
    chosen = parser.parse_args()
    config = ROOT / ".chalice" / "config.json"
    try:
        text = config.read_text()
    except FileNotFoundError:
        sys.exit(
            f"{config} is missing: terraform -chdir=infra/terraform output -raw chalice_config > .chalice/config.json"
        )
    try:
        staged = stage(ROOT, chosen.directory, text, ROOT / ".local" / "cache", not chosen.host, chosen.stage)
    except PackagingError as error:
        sys.exit(str(error))
    sys.stdout.write(f"{staged}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
