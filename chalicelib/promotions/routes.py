"""Routes of promotions, for the back office."""

from chalice.app import Response

from chalicelib.catalog.service import OffersRefused
from chalicelib.core import http
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import Answer
from chalicelib.core.ids import new_id
from chalicelib.core.schemas import PageQuery
from chalicelib.promotions import service
from chalicelib.promotions.domain import PromotionArchived, PromotionInvalid, Status
from chalicelib.promotions.schemas import (
    AddCodes,
    ChangeCode,
    ChangePromotion,
    CodesAdded,
    CodeView,
    CreatePromotion,
    DiscountsView,
    PromotionsQuery,
    PromotionView,
    TryPromotions,
)
from chalicelib.promotions.service import CodeTaken, NotByCode

routes = Routes(__name__, "promotions")
SCOPE = "promotions.write"


@routes.endpoint(
    "POST",
    "/v1/promotions",
    summary="Define a promotion",
    body=CreatePromotion,
    answers={201: PromotionView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[PromotionInvalid],
)
def create_promotion() -> Response:
    """Orders and carts see it within half a minute."""
    promotion = http.body(CreatePromotion).as_promotion(new_id("prm"))
    return http.once(
        lambda once: service.create_promotion(
            promotion,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(
                201, PromotionView.of(made), version=made.version, location=f"/v1/promotions/{made.id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/promotions",
    summary="List promotions",
    query=PromotionsQuery,
    answers={200: http.list_of(PromotionView)},
    scopes=[SCOPE],
)
def list_promotions() -> Response:
    """In a status, newest first."""
    wanted = http.query(PromotionsQuery)
    page = service.list_promotions(Status(wanted.status), wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, PromotionView.of)


@routes.endpoint(
    "GET",
    "/v1/promotions/{promotion_id}",
    summary="Read a promotion",
    answers={200: PromotionView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_promotion(promotion_id: str) -> Response:
    """One promotion."""
    promotion = service.read_promotion(promotion_id, http.caller())
    return http.ok(PromotionView.of(promotion), version=promotion.version)


@routes.endpoint(
    "PUT",
    "/v1/promotions/{promotion_id}",
    summary="Change a promotion",
    body=ChangePromotion,
    answers={200: PromotionView},
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound, Stale, PromotionInvalid, PromotionArchived],
)
def change_promotion(promotion_id: str) -> Response:
    """Replaces everything but the id; pauses and resumes by `status`. What orders got they keep."""
    wanted = http.body(ChangePromotion).as_promotion(promotion_id)
    promotion = service.change_promotion(wanted, http.expected_version(), by=http.caller())
    return http.ok(PromotionView.of(promotion), version=promotion.version)


@routes.endpoint(
    "DELETE",
    "/v1/promotions/{promotion_id}",
    summary="Archive a promotion",
    answers={200: PromotionView},
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound, Stale, PromotionArchived],
)
def archive_promotion(promotion_id: str) -> Response:
    """Ends it for good and voids its codes. It can still be read, because orders name it."""
    promotion = service.archive_promotion(promotion_id, http.expected_version(), by=http.caller())
    return http.ok(PromotionView.of(promotion), version=promotion.version)


# ---- codes ------------------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/promotions/{promotion_id}/codes",
    summary="Add coupon codes",
    body=AddCodes,
    answers={201: CodesAdded},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, NotByCode, PromotionArchived, CodeTaken],
)
def add_codes(promotion_id: str) -> Response:
    """Up to 50 by name, all or none, or up to 500 that cannot be guessed. Case does not matter in a code."""
    wanted = http.body(AddCodes)
    by = http.caller()

    def answer(codes: list[service.CouponCode]) -> Answer:
        return http.answer(201, CodesAdded.of(codes), location=f"/v1/promotions/{promotion_id}/codes")

    if wanted.codes is not None:
        named = wanted.codes
        return http.once(
            lambda once: service.add_codes(promotion_id, named, wanted.most, by=by, once=once, answer=answer)
        )
    count = wanted.generate or 0
    return http.once(
        lambda once: service.generate_codes(
            promotion_id, count, wanted.most, prefix=wanted.prefix, by=by, once=once, answer=answer
        )
    )


@routes.endpoint(
    "GET",
    "/v1/promotions/{promotion_id}/codes",
    summary="List coupon codes",
    query=PageQuery,
    answers={200: http.list_of(CodeView)},
    scopes=[SCOPE],
    raises=[NotFound],
)
def list_codes(promotion_id: str) -> Response:
    """By code, with how often each was used."""
    wanted = http.query(PageQuery)
    return http.listed(service.list_codes(promotion_id, wanted.limit, wanted.cursor, http.caller()), CodeView.of)


@routes.endpoint(
    "GET",
    "/v1/promotions/{promotion_id}/codes/{code}",
    summary="Read a coupon code",
    answers={200: CodeView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_code(promotion_id: str, code: str) -> Response:
    """One code of the promotion."""
    found = service.read_code(promotion_id, code, http.caller())
    return http.ok(CodeView.of(found), version=found.version)


@routes.endpoint(
    "PATCH",
    "/v1/promotions/{promotion_id}/codes/{code}",
    summary="Change a coupon code",
    body=ChangeCode,
    answers={200: CodeView},
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound, Stale],
)
def change_code(promotion_id: str, code: str) -> Response:
    """Its bound, and whether it counts at all. How often it was used stays."""
    changes = http.body(ChangeCode).changes()
    changed = service.change_code(promotion_id, code, http.expected_version(), changes, by=http.caller())
    return http.ok(CodeView.of(changed), version=changed.version)


# ---- trying out -------------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/promotions/evaluate",
    summary="Try promotions out",
    body=TryPromotions,
    answers={200: DiscountsView},
    scopes=[SCOPE],
    raises=[OffersRefused],
)
def try_promotions() -> Response:
    """What would come off a basket, and of every promotion why it would apply or not. Nothing is kept."""
    wanted = http.body(TryPromotions)
    discounts = service.try_out(wanted.as_basket(), wanted.as_lines(), wanted.at, http.caller())
    return http.ok(DiscountsView.of(discounts))
