"""Routes of sites: the search for everybody, the registry for administrators."""

from chalice.app import Response

from chalicelib.core import clock, http
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.paging import Page
from chalicelib.lockers import service
from chalicelib.lockers.domain.sites import Position
from chalicelib.lockers.routes.blueprint import SCOPE, routes
from chalicelib.lockers.schemas.sites import ChangeSite, CreateSite, FoundSiteView, NearestQuery, SiteView
from chalicelib.lockers.service import SiteExists


@routes.endpoint(
    "POST",
    "/v1/locker-sites",
    summary="Create a locker site",
    body=CreateSite,
    answers={201: SiteView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[SiteExists],
)
def create_locker_site() -> Response:
    """A place with lockers, under an id of your own. It is never removed; pause it to take it out of use."""
    site = http.body(CreateSite).as_site()
    return http.once(
        lambda once: service.create_site(
            site,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(
                201, SiteView.of(made), version=made.version, location=f"/v1/locker-sites/{made.id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/locker-sites",
    summary="Find locker sites near a place",
    query=NearestQuery,
    answers={200: http.list_of(FoundSiteView)},
    public=True,
)
def find_locker_sites() -> Response:
    """Those that take orders, nearest first, with whether they are open. For storefronts: anybody may ask."""
    wanted = http.query(NearestQuery)
    found = service.nearest_sites(
        Position(wanted.latitude, wanted.longitude),
        wanted.radius_km,
        clock.now(),
        limit=wanted.limit,
        open_now=wanted.open_now,
    )
    return http.listed(Page(found, None), FoundSiteView.of)


@routes.endpoint(
    "GET",
    "/v1/locker-sites/{site_id}",
    summary="Read a locker site",
    answers={200: SiteView},
    public=True,
    raises=[NotFound],
)
def read_locker_site(site_id: str) -> Response:
    """One site."""
    site = service.read_site(site_id)
    return http.ok(SiteView.of(site), version=site.version)


@routes.endpoint(
    "PUT",
    "/v1/locker-sites/{site_id}",
    summary="Change a locker site",
    body=ChangeSite,
    answers={200: SiteView},
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound, Stale],
)
def change_locker_site(site_id: str) -> Response:
    """Replaces everything but the id. What lies in its lockers keeps the window that it was promised."""
    changes = http.body(ChangeSite).as_changes()
    site = service.change_site(site_id, http.expected_version(), changes, by=http.caller())
    return http.ok(SiteView.of(site), version=site.version)
