"""The words: what placeholders stand for, and what templates may be."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.notifications import store
from chalicelib.notifications.domain import (
    KINDS,
    PLACEHOLDERS,
    Channel,
    Message,
    Notice,
    Template,
    TemplateInvalid,
    check_template,
    compose,
    languages_for,
    sample_values,
    told_skus,
    values_of,
)
from chalicelib.notifications.store.templates import _shipped

MAIL = Template("OrderConfirmed", Channel.EMAIL, "en", "$name: $order", subject="Order $order", html="<b>$name</b>")


def value(placeholder: str, event: str, data: dict[str, object], language: str = "en", name: str | None = "Ada") -> str:
    return values_of(Notice(event, data, "ord_1", {"A": "Mug"}), name, language)[placeholder]


@pytest.mark.parametrize("event", KINDS)
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.PUSH])
def test_the_words_that_ship_can_be_used(event: str, language: str, channel: Channel) -> None:
    template = _shipped(event, channel, language)
    check_template(template)
    message = compose(template, sample_values(event))
    assert "$" not in message.text
    assert (message.subject is None) == (channel is not Channel.EMAIL)
    if channel is Channel.SMS:
        assert len(message.text) <= 160


def test_english_and_german_ship() -> None:
    assert store.shipped_languages() == ("de", "en")


@pytest.mark.parametrize("event", KINDS)
def test_an_event_that_says_nothing_is_told_all_the_same(event: str) -> None:
    data = {"code": "123456"} if "code" in KINDS[event].placeholders else {}
    assert set(values_of(Notice(event, data), None, "en")) == KINDS[event].placeholders


def test_every_placeholder_is_used_by_some_event() -> None:
    assert {name for kind in KINDS.values() for name in kind.placeholders} == set(PLACEHOLDERS)


@pytest.mark.parametrize(
    ("event", "data", "language", "text"),
    [
        ("OrderConfirmed", {}, "en", "Thank you, Ada. Your order ord_1 is confirmed."),
        ("OrderConfirmed", {}, "de", "Danke, Ada. Ihre Bestellung ord_1 ist bestätigt."),
        (
            "OrderRefused",
            {"reason": "expired_card"},
            "en",
            "Sorry, Ada. Your order ord_1 could not be taken: the card has expired. Nothing was charged.",
        ),
        (
            "OrderRefused",
            {"reason": "stolen_card"},
            "en",
            "Sorry, Ada. Your order ord_1 could not be taken: the payment was not accepted. Nothing was charged.",
        ),
        (
            "OrderRefused",
            {"reason": "reservation_lost"},
            "de",
            (
                "Ada, Ihre Bestellung ord_1 konnte leider nicht angenommen werden: die Ware wurde inzwischen verkauft."
                " Es wurde nichts berechnet."
            ),
        ),
        (
            "FulfilmentShipped",
            {"tracking": {"carrier": "DHL", "number": "42"}},
            "en",
            "Good news, Ada: a parcel of your order ord_1 is on its way (DHL 42).",
        ),
        ("FulfilmentShipped", {"tracking": None}, "de", "Ada, ein Paket Ihrer Bestellung ord_1 ist unterwegs."),
        ("OrderCancelled", {"whole": True}, "en", "Ada, of your order ord_1 was cancelled: everything."),
        (
            "OrderCancelled",
            {"lines": [["1", "A", 2]]},
            "de",
            "Ada, aus Ihrer Bestellung ord_1 wurde storniert: 2 × Mug.",
        ),
        (
            "PaymentRefunded",
            {"amount": 1234, "currency": "EUR"},
            "de",
            "Ada, wir haben Ihnen 12,34 EUR zu Ihrer Bestellung ord_1 erstattet.",
        ),
        (
            "BackorderDelayed",
            {},
            "en",
            "Sorry, Ada: your order ord_1 takes longer. We expect to send it: as soon as we can.",
        ),
        ("CustomerErased", {}, "en", "Your profile is deleted; what else we hold of you follows. Goodbye."),
    ],
)
def test_short_messages(event: str, data: dict[str, object], language: str, text: str) -> None:
    values = values_of(Notice(event, data, "ord_1", {"A": "Mug"}), "Ada", language)
    assert compose(_shipped(event, Channel.SMS, language), values) == Message(text)


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        (123456, "GBP", "en", "1234.56 GBP"),
        (5, "EUR", "de-AT", "0,05 EUR"),
        (500, "JPY", "en", "500 JPY"),
        (1500, "KWD", "en", "1.500 KWD"),
        (0, "GBP", "fr", "0.00 GBP"),
    ],
)
def test_money_has_the_digits_of_its_currency(amount: int, currency: str, language: str, text: str) -> None:
    nested = {"total": {"amount": amount, "currency": currency}}
    assert value("total", "OrderConfirmed", nested, language) == text
    assert value("amount", "PaymentRefunded", {"amount": amount, "currency": currency}, language) == text


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([["1", "A", 2], ["2", "B", 1]], "2 × Mug\n1 × B"),
        ([["A", 2, 0], ["B", 0, 3]], "2 × Mug"),
        ([{"sku": "A", "quantity": 3}, {"sku": "B", "units": 1}], "3 × Mug\n1 × B"),
        ([], ""),
        (None, ""),
    ],
)
def test_lines_are_read_in_every_shape_that_events_have(lines: object, text: str) -> None:
    assert value("lines", "FulfilmentShipped", {"lines": lines}) == text


def test_the_skus_to_look_up_are_those_of_the_lines() -> None:
    assert told_skus(Notice("FulfilmentShipped", {"lines": [["A", 2, 0], ["B", 0, 3]]})) == ["A"]
    assert told_skus(Notice("OrderConfirmed", {})) == []


def test_a_label_is_who_carries_it_and_its_reference() -> None:
    label = {"carrier": "DHL", "reference": "RET-1", "prepaid": True}
    assert value("label", "ReturnLabelIssued", label) == "DHL RET-1"
    assert value("label", "ReturnLabelIssued", {"reference": "RET-1"}) == "RET-1"
    assert value("label", "ReturnLabelIssued", {"reference": "RET-1", "to": "Acme"}) == "RET-1 (Acme)"


def test_a_cancellation_that_names_no_lines_is_told_by_its_units() -> None:
    assert value("lines", "OrderCancelled", {"whole": False, "units": 3}) == "3 units"
    assert value("lines", "OrderCancelled", {"whole": False, "units": 1}) == "1 unit"
    assert value("lines", "OrderCancelled", {"whole": False, "units": 3}, "de") == "3 Stück"
    assert value("lines", "OrderCancelled", {"whole": True, "units": 3}) == "everything"


def test_a_customer_without_a_name_is_greeted_too() -> None:
    assert value("greeting", "CustomerErased", {}, name=None) == "Hello,"
    assert value("greeting", "CustomerErased", {}, "de") == "Guten Tag Ada,"


@pytest.mark.parametrize(
    ("language", "order"),
    [("de-AT", ["de-AT", "de", "en"]), ("fr", ["fr", "en"]), ("en", ["en"]), ("en-GB", ["en-GB", "en"])],
)
def test_languages_fall_back(language: str, order: list[str]) -> None:
    assert languages_for(language) == order


# ---- templates ----------------------------------------------------------------------------------------------------------


def test_values_are_escaped_in_html_and_stay_in_the_subjects_line() -> None:
    values = {"name": '<script>"&', "order": "1\r\nBcc: eve@example.com", "total": ""}
    message = compose(MAIL, values)
    assert message.text == '<script>"&: 1\r\nBcc: eve@example.com'
    assert message.subject == "Order 1 Bcc: eve@example.com"
    assert message.html is not None
    assert "<body><b>&lt;script&gt;&quot;&amp;</b></body>" in message.html


def test_html_is_made_of_the_text_where_there_is_none() -> None:
    template = Template("OrderConfirmed", Channel.EMAIL, "de", "Hallo $name,\n\nA & B\nC", subject="<x>")
    assert compose(template, {"name": "<Ada>", "order": "", "total": ""}).html == (
        '<!doctype html><html lang="de"><head><meta charset="utf-8"><title>&lt;x&gt;</title></head>'
        "<body><p>Hallo &lt;Ada&gt;,</p><p>A &amp; B<br>C</p></body></html>"
    )


@pytest.mark.parametrize(
    ("template", "faults"),
    [
        (Template("OrderConfirmed", Channel.SMS, "en", "$name $reason"), [("/text", "unknown_placeholder")]),
        (Template("OrderConfirmed", Channel.SMS, "en", "${name.__class__}"), [("/text", "stray_dollar")]),
        (Template("OrderConfirmed", Channel.SMS, "en", "costs $ 5"), [("/text", "stray_dollar")]),
        (Template("OrderConfirmed", Channel.SMS, "en", "costs $$5 {name}"), []),
        (Template("OrderConfirmed", Channel.SMS, "en", "x", subject="x"), [("/subject", "not_here")]),
        (Template("OrderConfirmed", Channel.PUSH, "en", "x", html="x"), [("/subject", "not_here")]),
        (Template("OrderConfirmed", Channel.EMAIL, "en", "x"), [("/subject", "missing")]),
        (
            Template("OrderConfirmed", Channel.EMAIL, "en", "$x", subject="$y", html="$"),
            [("/subject", "unknown_placeholder"), ("/text", "unknown_placeholder"), ("/html", "stray_dollar")],
        ),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(template: Template, faults: list[tuple[str, str]]) -> None:
    if not faults:
        check_template(template)
        return
    with pytest.raises(TemplateInvalid) as refused:
        check_template(template)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == faults


@given(st.text(alphabet="$${}()ab_" + string.ascii_lowercase, max_size=30))
def test_what_passes_the_check_can_be_sent(text: str) -> None:
    template = Template("OrderConfirmed", Channel.SMS, "en", text)
    try:
        check_template(template)
    except TemplateInvalid:
        return
    compose(template, sample_values("OrderConfirmed"))
