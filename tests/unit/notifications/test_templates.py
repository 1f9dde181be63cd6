"""The shop's own words: checked, under versions, used at once, and undone."""

import pytest

from chalicelib.notifications import store
from chalicelib.notifications.domain import KINDS, Channel
from tests.conftest import ADMIN, ASSOCIATE, a_machine
from tests.unit.notifications.builders import FakeSender, tell

pytestmark = pytest.mark.usefixtures("table")
PATH = "/v1/notification-templates/OrderConfirmed/sms/{}"
OURS = {"text": "Ta, $name! ($order)"}


@pytest.fixture
def put(call):
    def send(language="en", json=OURS, version=0, by=ADMIN):
        return call("PUT", PATH.format(language), json=json, by=by, headers={"If-Match": f'"{version}"'})

    return send


def text_in(language: str, event_id: str = "01E") -> str:
    sender = FakeSender()
    tell(sender, language=language, event_id=event_id, channels=frozenset({Channel.SMS}))
    return sender.messages[0].text


def test_a_shop_has_words_of_its_own(call, put):
    before = call("GET", PATH.format("en"), by=ADMIN)
    assert (before.etag, before.json["custom"]) == ('"0"', False)
    assert before.json["text"] == "Thank you, $name. Your order $order is confirmed."
    changed = put()
    assert (changed.status, changed.etag) == (200, '"1"')
    assert changed.json == {
        "event": "OrderConfirmed",
        "channel": "sms",
        "language": "en",
        "custom": True,
        "version": 1,
        "text": "Ta, $name! ($order)",
        "subject": None,
        "html": None,
    }
    assert call("GET", PATH.format("en"), by=ADMIN).json == changed.json
    assert text_in("en-GB") == "Ta, Ada! (ord_1)"


def test_a_language_that_has_none_begins_with_what_it_falls_back_to(call, put):
    put("en")
    fresh = call("GET", PATH.format("fr"), by=ADMIN)
    assert (fresh.json["text"], fresh.json["language"], fresh.json["custom"], fresh.etag) == (
        OURS["text"],
        "fr",
        False,
        '"0"',
    )
    put("fr", {"text": "Merci, $name."})
    assert [text_in(language, language) for language in ("fr-CA", "it", "de")] == [
        "Merci, Ada.",
        "Ta, Ada! (ord_1)",
        "Danke, Ada. Ihre Bestellung ord_1 ist bestätigt.",
    ]


def test_the_nearest_words_win(put):
    put("de", {"text": "de"})
    put("de-AT", {"text": "de-AT"})
    assert [text_in(language, language) for language in ("de-AT", "de-CH", "de")] == ["de-AT", "de", "de"]


def test_changes_go_by_version_and_no_version_comes_twice(call, put):
    put()
    assert put().code == "stale_version"
    assert put(version=1, json={"text": "2"}).etag == '"2"'
    reset = call("DELETE", PATH.format("en"), by=ADMIN, headers={"If-Match": '"2"'})
    assert (reset.json["custom"], reset.json["text"], reset.etag) == (
        False,
        "Thank you, $name. Your order $order is confirmed.",
        '"3"',
    )
    assert put(version=0).code == "stale_version"
    assert put(version=2).code == "stale_version"
    assert put(version=3).etag == '"4"'


def test_words_that_cannot_be_used_are_refused(call, put):
    refused = put(json={"text": "$name $password"})
    assert (refused.status, refused.code) == (422, "template_invalid")
    assert [(one["pointer"], one["code"]) for one in refused.json["errors"]] == [("/text", "unknown_placeholder")]
    assert put(json={"text": ""}).status == 400
    assert call("GET", PATH.format("en"), by=ADMIN).json["custom"] is False


@pytest.mark.parametrize(
    "path",
    [
        "OrderPlaced/sms/en",
        "OrderConfirmed/topic/en",
        "OrderConfirmed/fax/en",
        "OrderConfirmed/sms/english",
        "OrderConfirmed/sms/e%23n",
    ],
)
def test_there_is_nothing_else_to_change(call, path):
    assert call("GET", f"/v1/notification-templates/{path}", by=ADMIN).status == 404
    headers = {"If-Match": '"0"'}
    assert call("PUT", f"/v1/notification-templates/{path}", json=OURS, by=ADMIN, headers=headers).status == 404


def test_a_preview_shows_sample_data_and_keeps_nothing(call):
    mail = {"subject": "Order $order", "text": "Thank you, $name & friends.", "html": "<b>$name</b> $total"}
    path = "/v1/notification-templates/OrderConfirmed/email/en"
    shown = call("POST", f"{path}/preview", json=mail, by=ADMIN)
    assert shown.json == {
        "subject": "Order ord_01K0000000000000000000000A",
        "text": "Thank you, Ada & friends.",
        "html": (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Order ord_01K0000000000000000000000A</title>'
            "</head><body><b>Ada</b> 56.78 GBP</body></html>"
        ),
    }
    assert call("POST", f"{path}/preview", json={"text": "no subject"}, by=ADMIN).code == "template_invalid"
    assert call("GET", path, by=ADMIN).json["custom"] is False


def test_everything_that_can_be_changed_is_listed(call, put):
    put("fr")
    listed, cursor = [], ""
    while cursor is not None:
        page = call("GET", f"/v1/notification-templates?limit=50{cursor and '&cursor=' + cursor}", by=ADMIN).json
        listed += page["items"]
        cursor = page["next_cursor"]
    assert len(listed) == len(KINDS) * 3 * len(store.shipped_languages()) + 1
    assert [one for one in listed if one["custom"]] == [
        {
            "event": "OrderConfirmed",
            "channel": "sms",
            "language": "fr",
            "custom": True,
            "placeholders": ["name", "order", "total"],
        }
    ]


@pytest.mark.parametrize("by", [ASSOCIATE, a_machine("customers.write")])
def test_templates_are_for_administrators(call, put, by):
    refused = {401, 403}
    assert put(by=by).status in refused
    assert call("GET", PATH.format("en"), by=by).status in refused
    assert call("GET", "/v1/notification-templates", by=by).status in refused
    assert call("POST", PATH.format("en") + "/preview", json=OURS, by=by).status in refused
    assert call("DELETE", PATH.format("en"), by=by, headers={"If-Match": '"0"'}).status in refused
