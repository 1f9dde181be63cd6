"""The words."""

import pytest

from chalicelib.notifications.domain import Notice, is_told, words


@pytest.mark.parametrize(
    ("notice", "language", "text"),
    [
        (Notice("OrderConfirmed", "ord_1"), "en", "Thank you, Ada. Your order ord_1 is confirmed."),
        (Notice("OrderConfirmed", "ord_1"), "de-AT", "Danke, Ada. Ihre Bestellung ord_1 ist bestätigt."),
        (Notice("OrderConfirmed", "ord_1"), "fr-FR", "Thank you, Ada. Your order ord_1 is confirmed."),
        (
            Notice("OrderRefused", "ord_1", reason="expired_card"),
            "en-GB",
            "Sorry, Ada. Your order ord_1 could not be taken: the card has expired. Nothing was charged.",
        ),
        (
            Notice("OrderRefused", "ord_1", reason="stolen_card"),
            "en",
            "Sorry, Ada. Your order ord_1 could not be taken: the payment was not accepted. Nothing was charged.",
        ),
        (
            Notice("OrderRefused", "ord_1", reason="reservation_lost"),
            "de",
            (
                "Ada, Ihre Bestellung ord_1 konnte leider nicht angenommen werden: die Ware wurde inzwischen verkauft."
                " Es wurde nichts berechnet."
            ),
        ),
        (
            Notice("FulfilmentShipped", "ord_1", tracking="DHL 42"),
            "en",
            "Good news, Ada: a parcel of your order ord_1 is on its way (DHL 42).",
        ),
        (
            Notice("FulfilmentShipped", "ord_1"),
            "de",
            "Ada, ein Paket Ihrer Bestellung ord_1 ist unterwegs.",
        ),
    ],
)
def test_each_event_in_the_nearest_language(notice: Notice, language: str, text: str) -> None:
    assert words(notice, "Ada", language) == text


def test_a_name_is_not_a_template() -> None:
    assert (
        words(Notice("OrderConfirmed", "ord_1"), "$order", "en") == "Thank you, $order. Your order ord_1 is confirmed."
    )


def test_customers_hear_of_three_events() -> None:
    events = ["OrderPlaced", "OrderConfirmed", "OrderRefused", "FulfilmentShipped", "FulfilmentDelivered"]
    assert [event for event in events if is_told(event)] == ["OrderConfirmed", "OrderRefused", "FulfilmentShipped"]
