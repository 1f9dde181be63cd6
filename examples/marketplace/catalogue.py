"""The products that suppliers of the demo sell: the data set's file, and the whole of it that is committed as a sample."""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

SAMPLE = Path(__file__).parent / "sample" / "retail-demo-store.csv.gz"
COLUMNS = ("id", "name", "category", "style", "description", "price", "current_stock")
"""What a listing is made of; images, which the file only names, and what the shop's pages show are left out."""

Fields = Mapping[str, str]


def read_file(path: Path = SAMPLE) -> Iterator[Fields]:
    """The fields of each product as the file has them: the data set's own YAML, or a sample (CSV.gz)."""
    if path.suffix in (".yaml", ".yml"):
        import yaml  # of the development tools; the sample needs none

        for product in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield {column: str(product[column]) for column in COLUMNS}
        return
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def write_sample(products: Iterable[Fields], path: Path = SAMPLE) -> None:
    """Write products as a sample, the same bytes for the same products."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(products)
    with path.open("wb") as out, gzip.GzipFile(filename="", fileobj=out, mode="wb", mtime=0) as packed:
        packed.write(text.getvalue().encode())
