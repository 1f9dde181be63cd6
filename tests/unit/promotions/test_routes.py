import pytest

from chalicelib.core.auth import NOBODY, Principal, Role
from chalicelib.core.errors import Forbidden, Unauthenticated
from chalicelib.promotions import service
from chalicelib.promotions.domain import Status
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, a_machine
from tests.unit.promotions.builders import a_basket, a_promotion, discounts_for, redeem

TEN_PERCENT = {"name": "Ten off", "reward": {"type": "percentage", "bps": 1000}}
EVERYTHING = {
    "name": "Three for two on mugs, for members, in June",
    "status": "paused",
    "reward": {
        "type": "buy_get",
        "buy_units": 2,
        "get_units": 1,
        "bps": 5000,
        "buy": {"skus": [], "product_ids": ["prd_1"], "category_ids": []},
        "most_times": 3,
    },
    "selection": {"skus": ["MUG"], "product_ids": [], "category_ids": ["cat_1"]},
    "excluded": {"skus": ["CARD"], "product_ids": [], "category_ids": []},
    "threshold": {
        "goods": {"GBP": 2000, "EUR": 2500},
        "units": 2,
        "of": {"skus": [], "product_ids": [], "category_ids": ["cat_1"]},
    },
    "channels": ["till", "web"],
    "segments": ["members"],
    "starts_at": "2026-06-01T00:00:00.000000Z",
    "ends_at": "2026-07-01T00:00:00.000000Z",
    "by_code": True,
    "per_customer": 1,
    "priority": 5,
    "exclusive": True,
    "stops": False,
}


@pytest.fixture
def define(call):
    def send(key="p", by=ADMIN, **given):
        body = {**TEN_PERCENT, **given}
        return call("POST", "/v1/promotions", json=body, by=by, headers={"Idempotency-Key": key})

    return send


@pytest.fixture
def issue(call):
    def send(made, key="c", **given):
        path = f"/v1/promotions/{made.json['id']}/codes"
        return call("POST", path, json=given, by=ADMIN, headers={"Idempotency-Key": key})

    return send


def test_a_promotion_is_shown_as_it_was_sent(define, call):
    made = define(**EVERYTHING)
    assert made.status == 201, made.text
    assert {name: value for name, value in made.json.items() if name not in ("id", "version")} == EVERYTHING
    read = call("GET", made.headers["location"], by=ASSOCIATE)
    assert (read.json, read.etag) == (made.json, '"1"')


@pytest.mark.parametrize(
    "reward",
    [
        {"type": "percentage", "bps": 1000},
        {"type": "amount_off", "amounts": {"GBP": 500}, "each_unit": True},
        {"type": "fixed_price", "prices": {"GBP": 500}},
        {"type": "buy_get", "buy_units": 2, "get_units": 1, "bps": 10000, "buy": None, "most_times": None},
        {"type": "shipping_percentage", "bps": 10000},
        {"type": "shipping_price", "prices": {"GBP": 199}},
    ],
)
def test_each_kind_of_reward_is_shown_as_it_was_sent(define, reward):
    selection = {"selection": {"skus": ["A"]}} if not reward["type"].startswith("shipping") else {}
    made = define(reward=reward, **selection)
    assert made.status == 201, made.text
    assert made.json["reward"] == reward


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"reward": {"type": "percentage", "bps": 0}}, "/reward/percentage/bps"),
        ({"reward": {"type": "gift"}}, "/reward"),
        ({"reward": {"type": "amount_off", "amounts": {"QQQ": 1}}}, "/reward/amount_off/amounts/QQQ/[key]"),
        ({"starts_at": "2026-06-01T00:00:00"}, "/starts_at"),
        ({"per_customer": 1}, "/per_customer"),
        ({"surprise": 1}, "/surprise"),
    ],
)
def test_what_is_wrong_is_pointed_at(define, given, pointer):
    reply = define(**given)
    assert reply.status == 400
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]


def test_a_promotion_is_changed_paused_and_archived(define, call):
    made = define()
    path = made.headers["location"]
    paused = call("PUT", path, json={**TEN_PERCENT, "status": "paused"}, by=ADMIN, headers={"If-Match": made.etag})
    assert (paused.status, paused.json["status"], paused.etag) == (200, "paused", '"2"')
    stale = call("PUT", path, json=TEN_PERCENT, by=ADMIN, headers={"If-Match": made.etag})
    assert (stale.status, stale.code) == (412, "stale_version")
    gone = call("DELETE", path, by=ADMIN, headers={"If-Match": paused.etag})
    assert (gone.status, gone.json["status"]) == (200, "archived")
    late = call("PUT", path, json=TEN_PERCENT, by=ADMIN, headers={"If-Match": gone.etag})
    assert (late.status, late.code) == (409, "promotion_archived")
    for status, count in (("active", 0), ("paused", 0), ("archived", 1)):
        assert len(call("GET", f"/v1/promotions?status={status}", by=ASSOCIATE).json["items"]) == count


def test_promotions_are_listed_newest_first_by_pages(define, call):
    made = [define(key=str(number)).json["id"] for number in range(3)]
    first = call("GET", "/v1/promotions?limit=2", by=ASSOCIATE).json
    rest = call("GET", f"/v1/promotions?limit=2&cursor={first['next_cursor']}", by=ASSOCIATE).json
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None


# ---- codes ------------------------------------------------------------------------------------------------------------------


def test_codes_are_added_by_name_and_listed_with_their_use(define, issue, call):
    made = define(by_code=True)
    added = issue(made, codes=["summer", "Autumn"], most=10)
    assert (added.status, added.json) == (201, {"codes": ["SUMMER", "AUTUMN"]})
    redeem("ord_1", discounts_for(a_basket(codes=("Summer",))))
    listed = call("GET", f"/v1/promotions/{made.json['id']}/codes", by=ASSOCIATE).json["items"]
    assert [(one["code"], one["used"], one["most"]) for one in listed] == [("AUTUMN", 0, 10), ("SUMMER", 1, 10)]


def test_a_code_exists_once_whatever_its_case(define, issue):
    made = define(by_code=True)
    issue(made, codes=["SUMMER"])
    again = issue(made, key="other", codes=["WINTER", "summer"])
    assert (again.status, again.code, again.json["codes"]) == (409, "code_taken", ["SUMMER"])
    assert discounts_for(a_basket(codes=("WINTER",))).total == 0


def test_repeating_the_command_gives_the_same_codes(define, issue):
    made = define(by_code=True)
    for given in ({"generate": 3}, {"codes": ["SUMMER"]}):
        first, again = issue(made, key=str(given), **given), issue(made, key=str(given), **given)
        assert first.status == 201, first.text
        assert again.text == first.text
        assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("given", [{}, {"codes": ["AAA"], "generate": 1}, {"codes": ["A#B"]}, {"generate": 501}])
def test_codes_that_cannot_be(define, issue, given):
    assert issue(define(by_code=True), **given).status == 400


def test_a_promotion_that_applies_by_itself_has_no_codes(define, issue, call):
    made = define()
    assert issue(made, codes=["SUMMER"]).code == "not_by_code"
    call("DELETE", made.headers["location"], by=ADMIN, headers={"If-Match": made.etag})
    assert issue(made, codes=["SUMMER"]).code == "promotion_archived"


def test_a_code_is_disabled_and_its_bound_lifted(define, issue, call):
    made = define(by_code=True)
    issue(made, codes=["SUMMER"], most=1)
    path = f"/v1/promotions/{made.json['id']}/codes/summer"
    read = call("GET", path, by=ASSOCIATE)
    assert (read.etag, read.json["enabled"]) == ('"1"', True)
    off = call("PATCH", path, json={"enabled": False}, by=ADMIN, headers={"If-Match": read.etag})
    assert (off.json["enabled"], off.json["most"], off.etag) == (False, 1, '"2"')
    lifted = call("PATCH", path, json={"most": None}, by=ADMIN, headers={"If-Match": off.etag})
    assert (lifted.json["enabled"], lifted.json["most"]) == (False, None)
    assert call("PATCH", path, json={"most": 5}, by=ADMIN, headers={"If-Match": off.etag}).status == 412
    assert call("GET", path, by=ASSOCIATE).json == lifted.json


def test_a_code_is_found_under_its_own_promotion_only(define, issue, call):
    issue(define(by_code=True), codes=["SUMMER"])
    other = define(key="other", by_code=True).json["id"]
    for path in (f"/v1/promotions/{other}/codes/SUMMER", "/v1/promotions/prm_none/codes", "/v1/promotions/a%23b"):
        assert call("GET", path, by=ASSOCIATE).status == 404


# ---- trying out -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def mug(call):
    """An active product in a category below another; returns both categories."""

    def category(name, parent=None):
        body = {"name": name, "slug": name, **({"parent_id": parent} if parent else {})}
        return call("POST", "/v1/categories", json=body, by=ADMIN, headers={"Idempotency-Key": name}).json["id"]

    top = category("kitchen")
    below = category("mugs", top)
    variant = {
        "sku": "MUG",
        "name": "Mug",
        "tax_rate_bps": 2000,
        "prices": [{"channel": "web", "currency": "GBP", "amount": 1299}],
    }
    body = {"title": "Mug", "category_id": below, "status": "active", "variants": [variant]}
    assert call("POST", "/v1/products", json=body, by=ADMIN, headers={"Idempotency-Key": "mug"}).status == 201
    return top, below


def test_a_basket_is_tried_out_with_the_catalogue_s_prices_and_categories(define, issue, call, mug):
    top, _ = mug
    ten = define(selection={"category_ids": [top]}).json["id"]
    coupon = define(key="c", name="Code", by_code=True, threshold={"units": 9})
    issue(coupon, codes=["NINE"])
    body = {"currency": "GBP", "lines": [{"sku": "MUG", "quantity": 2}], "codes": ["nine", "none"]}
    reply = call("POST", "/v1/promotions/evaluate", json=body, by=ASSOCIATE)
    assert reply.status == 200, reply.text
    assert (reply.json["total"], reply.json["goods"], reply.json["shipping"]) == (260, 260, 0)
    assert reply.json["lines"] == [
        {"line_id": "1", "amount": 2598, "discount": 260, "taken": [{"promotion_id": ten, "amount": 260}]}
    ]
    assert [(one["rule"], one["code"], one["facts"]) for one in reply.json["trace"]] == [
        ("applied", None, {}),
        ("units_below_threshold", "NINE", {"needed": 9, "has": 2}),
        ("code_unknown", "NONE", {}),
    ]


def test_a_basket_is_tried_out_at_a_moment_to_come_and_other_prices(define, call, mug):
    define(starts_at="2126-01-01T00:00:00Z", segments=["gold"])
    lines = [{"sku": "MUG", "quantity": 1}, {"sku": "MUG", "quantity": 1, "unit_price": 1000}]
    body = {"currency": "GBP", "lines": lines, "segments": ["gold"]}
    now = call("POST", "/v1/promotions/evaluate", json=body, by=ASSOCIATE).json
    then = call("POST", "/v1/promotions/evaluate", json={**body, "at": "2126-01-01T00:00:00Z"}, by=ASSOCIATE).json
    assert (now["total"], now["trace"][0]["rule"]) == (0, "not_started")
    assert [line["discount"] for line in then["lines"]] == [130, 100]


def test_what_is_not_for_sale_is_pointed_at(call, mug):
    body = {"currency": "GBP", "lines": [{"sku": "MUG", "quantity": 1}, {"sku": "NONE", "quantity": 1}]}
    reply = call("POST", "/v1/promotions/evaluate", json=body, by=ASSOCIATE)
    assert (reply.status, reply.code) == (422, "not_for_sale")
    assert reply.json["errors"][0]["pointer"] == "/lines/1/sku"


# ---- who may ----------------------------------------------------------------------------------------------------------------

OTHER = Principal("machine", "other", scopes=frozenset({"orders.write"}))
_ONCE = {"once": None, "answer": None}
_READING = {
    "read": lambda by: service.read_promotion("prm_1", by),
    "list": lambda by: service.list_promotions(Status.ACTIVE, 1, None, by),
    "read code": lambda by: service.read_code("prm_1", "A", by),
    "list codes": lambda by: service.list_codes("prm_1", 1, None, by),
    "try out": lambda by: service.try_out(a_basket(), [], None, by),
}
_WRITING = {
    "create": lambda by: service.create_promotion(a_promotion(), by=by, **_ONCE),
    "change": lambda by: service.change_promotion(a_promotion(), 1, by=by),
    "archive": lambda by: service.archive_promotion("prm_1", 1, by=by),
    "add codes": lambda by: service.add_codes("prm_1", ["A"], None, by=by, **_ONCE),
    "generate": lambda by: service.generate_codes("prm_1", 1, None, by=by, **_ONCE),
    "change code": lambda by: service.change_code("prm_1", "A", 1, {}, by=by),
}


@pytest.mark.parametrize("command", [*_READING.values(), *_WRITING.values()], ids=[*_READING, *_WRITING])
@pytest.mark.parametrize(("by", "error"), [(NOBODY, Unauthenticated), (SHOPPER, Forbidden), (OTHER, Forbidden)])
def test_promotions_are_for_staff_and_machines_with_the_scope(command, by, error):
    with pytest.raises(error):
        command(by)


@pytest.mark.parametrize("command", _WRITING.values(), ids=_WRITING)
def test_associates_do_not_define_promotions(command):
    with pytest.raises(Forbidden):
        command(ASSOCIATE)
    assert Role.ASSOCIATE in ASSOCIATE.roles


def test_a_machine_with_the_scope_defines_promotions(define):
    assert define(by=a_machine("promotions.write")).status == 201
