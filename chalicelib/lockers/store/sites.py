"""Sites in the table, listed by the square degree that they lie in."""

from collections.abc import Iterator, Mapping
from typing import Any

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, RawItem, Transaction, fields_of, find
from chalicelib.lockers.domain.sites import HoldPolicy, OnExpiry, Position, Site, SiteStatus, cell_of


class SiteItem(Item):
    """pk = SITE#<id>, sk = SITE. The summary is the whole of it, so that a search reads the index alone."""

    version = NumberAttribute()


class SiteExists(Conflict):
    code = "locker_site_exists"
    title = "A locker site has this id"


def _item(site: Site) -> SiteItem:
    summary = {**fields_of(site), "position": fields_of(site.position), "hold": fields_of(site.hold)}
    del summary["id"]
    return SiteItem(
        key("SITE", site.id),
        "SITE",
        version=site.version,
        summary=summary,
        gsi1pk=key("SITES", cell_of(site.position)),
        gsi1sk=site.id,
    )


def _site(id: str, summary: Mapping[str, Any]) -> Site:
    hold = summary["hold"]
    return Site(
        **{
            **summary,
            "id": id,
            "position": Position(**summary["position"]),
            "hold": HoldPolicy(**{**hold, "on_expiry": OnExpiry(hold["on_expiry"])}),
            "opening_hours": _spans(summary["opening_hours"]),
            "special_days": _spans(summary["special_days"]),
            "status": SiteStatus(summary["status"]),
        }
    )


def _spans(stored: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    return {day: [(begin, end) for begin, end in spans] for day, spans in stored.items()}


def add_site(tx: Transaction, site: Site) -> None:
    """Write a new site. `SiteExists` at commit."""
    tx.create(_item(site), lambda _: SiteExists(f"There is a site {site.id}."))


def change_site(tx: Transaction, site: Site) -> None:
    """Write the next version of a site; `Stale` at commit when it is at another."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The site is not at version {site.version - 1} any more.")

    tx.put(_item(site), SiteItem.version == site.version - 1, stale)


def get_site(site_id: str) -> Site | None:
    """The site, or None."""
    item = find(SiteItem, key("SITE", site_id), "SITE")
    return _site(site_id, item.summary) if item else None


def sites_in(cell: str) -> Iterator[Site]:
    """All sites of a square degree."""
    for row in SiteItem.by_owner.query(key("SITES", cell), page_size=200):
        yield _site(str(row.gsi1sk), row.summary)
