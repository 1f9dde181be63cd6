"""The types of events that are sent to subscribers. docs/events.md describes their data.

It is a list of what may leave: a type that stands in neither list is sent to nobody, not even for `aisle.*`, and a test
asks for a decision.
"""

from collections.abc import Mapping

from chalicelib.webhooks.domain.webhook import matches

EVENT_TYPES = {
    "aisle.carts.CartAbandoned": "A cart fell idle with lines in it",
    "aisle.carts.CartMerged": "A guest's cart went into a customer's",
    "aisle.catalog.ProductChanged": "A product was changed",
    "aisle.catalog.ProductCreated": "A product was created",
    "aisle.catalog.VariantChanged": "A variant was created or changed",
    "aisle.customers.ConsentChanged": "A customer said yes or no to being told of something",
    "aisle.customers.CustomerChanged": "A customer's profile or addresses were changed",
    "aisle.customers.CustomerCreated": "A customer has a profile",
    "aisle.customers.CustomerErased": "A customer is to be forgotten",
    "aisle.feeds.FeedCancelled": "A supplier's file was called off",
    "aisle.feeds.FeedFailed": "A supplier's file was refused as a whole, or could not be taken to its end",
    "aisle.feeds.FeedFinished": "Every row of a supplier's file has a result",
    "aisle.feeds.FeedReceived": "A supplier's file is there",
    "aisle.feeds.FeedStarted": "The turn of a supplier's file has come",
    "aisle.fulfilment.FulfilmentDelivered": "A parcel arrived",
    "aisle.fulfilment.FulfilmentPacked": "A parcel is packed",
    "aisle.fulfilment.FulfilmentReady": "The units that a fulfilment waited for are there",
    "aisle.fulfilment.FulfilmentShipped": "A parcel left",
    "aisle.fulfilment.FulfilmentShort": "Nothing of a fulfilment was found",
    "aisle.fulfilment.OrderReadyForPickup": "An order can be collected",
    "aisle.fulfilment.ParcelTracked": "The carrier said where a parcel is",
    "aisle.inventory.ReservationExpired": "Held units can be sold again",
    "aisle.inventory.StockAdjusted": "Stock was written up or down",
    "aisle.inventory.StockCounted": "Stock was counted",
    "aisle.inventory.StockReceived": "Stock came in",
    "aisle.inventory.TransferCancelled": "A transfer was called back",
    "aisle.inventory.TransferDispatched": "A transfer left",
    "aisle.inventory.TransferReceived": "A transfer arrived, or part of it",
    "aisle.ledger.CommissionRulesChanged": "Other commission holds for new orders",
    "aisle.ledger.LedgerAdjusted": "The operator booked something by hand",
    "aisle.ledger.PayoutBooked": "A supplier is to be paid",
    "aisle.ledger.PayoutReturned": "A payout did not arrive and is owed again",
    "aisle.ledger.PayoutRunFinished": "Every supplier was paid, or what it is owed is carried",
    "aisle.ledger.PayoutRunStarted": "Suppliers are to be paid",
    "aisle.ledger.PayoutSent": "The bank has a payout",
    "aisle.listings.ListingChanged": "A published listing has another document",
    "aisle.listings.ListingCorrected": "Fields of a listing were corrected, by rules or by a reviewer",
    "aisle.listings.ListingPaused": "A listing is not sold for now",
    "aisle.listings.ListingPublished": "A supplier's listing is on sale",
    "aisle.listings.ListingRejected": "What a supplier proposed is not published",
    "aisle.listings.ListingResumed": "A paused listing is sold again",
    "aisle.listings.ListingSentToReview": "A person must judge what was found in a listing",
    "aisle.listings.ListingSubmitted": "A supplier registered a product, or wants a listing changed",
    "aisle.listings.ListingWithdrawn": "A listing is not sold any more",
    "aisle.listings.OfferChanged": "A supplier sells a SKU for another price, or no more",
    "aisle.lockers.CabinetBlocked": "Nothing new is put into a cabinet",
    "aisle.lockers.CabinetReleased": "A blocked cabinet is used again",
    "aisle.lockers.CabinetRetired": "A cabinet was given up for good",
    "aisle.lockers.CompartmentBlocked": "Staff took a compartment out of use",
    "aisle.lockers.CompartmentFaulted": "A compartment's door does not do what it should",
    "aisle.lockers.CompartmentFreed": "A compartment is back in use",
    "aisle.lockers.CompartmentOpenRequested": "Staff has a door opened from afar",
    "aisle.lockers.CompartmentOpened": "A door was opened",
    "aisle.lockers.DoorForced": "A door was forced",
    "aisle.lockers.DoorLeftOpen": "A door has been open for too long",
    "aisle.lockers.DropOffCleared": "Staff took out what was dropped into a locker",
    "aisle.lockers.DropOffFailed": "A door did not open for a return",
    "aisle.lockers.DropOffRequested": "A door is to open for a return",
    "aisle.lockers.PickupAllocated": "Compartments are kept for what is packed",
    "aisle.lockers.PickupAnnounced": "Another system's order can be collected",
    "aisle.lockers.PickupCancelled": "A pickup was called off",
    "aisle.lockers.PickupCleared": "A pickup was taken out of its locker",
    "aisle.lockers.PickupCollected": "A pickup is with its shopper",
    "aisle.lockers.PickupConfirmed": "A right passcode was used",
    "aisle.lockers.PickupExpired": "Nobody collected a pickup in time",
    "aisle.lockers.PickupExtended": "A pickup is kept longer",
    "aisle.lockers.PickupFaulted": "A door of a pickup did not open",
    "aisle.lockers.PickupOpenedOffline": "A cabinet without a line opened what it should not have",
    "aisle.lockers.PickupReminder": "A shopper is to be reminded of a pickup",
    "aisle.lockers.PickupWaitlisted": "A pickup waits for a compartment",
    "aisle.lockers.ReturnDroppedOff": "A return lies in a locker",
    "aisle.orders.BackorderDelayed": "What an order waits for is promised for a later day",
    "aisle.orders.OrderCancelled": "Units of an order, or all of it, are called off",
    "aisle.orders.OrderClaimed": "A guest's order belongs to a customer now",
    "aisle.orders.OrderConfirmed": "An order is paid and allocated",
    "aisle.orders.OrderHeld": "An order is kept back by staff",
    "aisle.orders.OrderPersonForgotten": "An order holds nothing of its customer any more",
    "aisle.orders.OrderPlaced": "An order is placed; its stock is reserved",
    "aisle.orders.OrderReaddressed": "An order goes to another address",
    "aisle.orders.OrderReassigned": "Units of an order are shipped from another location",
    "aisle.orders.OrderRedelivered": "Nobody collected an order, so it is sent",
    "aisle.orders.OrderRefused": "An order was declined or could not be carried out",
    "aisle.orders.OrderReleased": "An order is not kept back any more",
    "aisle.orders.OrderUnitsMissing": "A location could not find units of an order",
    "aisle.orders.PromiseChanged": "What an order waits for is promised for an earlier day",
    "aisle.payments.GiftCardIssued": "A gift card was issued",
    "aisle.payments.GiftCardToppedUp": "A gift card has more on it",
    "aisle.payments.GiftCardVoided": "A gift card is void",
    "aisle.payments.PaymentAuthorised": "A payment is held",
    "aisle.payments.PaymentCaptured": "A payment was taken, or part of it",
    "aisle.payments.PaymentDeclined": "A payment was declined",
    "aisle.payments.PaymentDisputed": "A customer's bank takes a payment back, or has decided whether it does",
    "aisle.payments.PaymentRefunded": "A payment was given back, or part of it",
    "aisle.payments.PaymentVoided": "A payment was given back before it was taken",
    "aisle.payments.RefundFailed": "A refund did not reach the customer",
    "aisle.payments.RefundRequested": "A payment is to be given back, or part of it",
    "aisle.payments.StoreCreditGranted": "A customer has more store credit",
    "aisle.promotions.CouponGivenBack": "Codes of an order that came to nothing can be used again",
    "aisle.promotions.CouponRedeemed": "An order used codes",
    "aisle.promotions.CouponsIssued": "A promotion has more codes",
    "aisle.promotions.PromotionChanged": "A promotion was changed, paused or archived",
    "aisle.promotions.PromotionCreated": "A promotion was created",
    "aisle.returns.ExchangeFellBack": "An exchange could not be made and is refunded",
    "aisle.returns.ExchangePlaced": "The replacement of an exchange is ordered",
    "aisle.returns.ReturnAnnouncedToSupplier": "Goods that a supplier shipped may be sent back to it",
    "aisle.returns.ReturnAuthorised": "Goods may be sent back",
    "aisle.returns.ReturnCancelled": "A return was called off",
    "aisle.returns.ReturnExpired": "Goods were not sent back in time",
    "aisle.returns.ReturnInspected": "Returned goods were inspected",
    "aisle.returns.ReturnLabelIssued": "A return has a label",
    "aisle.returns.ReturnPolicyChanged": "The rules of returns were changed",
    "aisle.returns.ReturnReceived": "Returned goods arrived",
    "aisle.returns.ReturnSettled": "A return is paid back",
    "aisle.reviews.ReviewAssigned": "A review case is somebody's work",
    "aisle.reviews.ReviewClaimed": "A reviewer works on a case",
    "aisle.reviews.ReviewCorrected": "A reviewer corrected what is reviewed",
    "aisle.reviews.ReviewDeadlinesChanged": "Review cases are to be decided sooner or later than before",
    "aisle.reviews.ReviewDecided": "A review case is decided",
    "aisle.reviews.ReviewEscalated": "A review case went up a level",
    "aisle.reviews.ReviewOpened": "A person must decide on a supplier, a product, or what a supplier did not ship",
    "aisle.reviews.ReviewReleased": "A reviewer gave a case back",
    "aisle.reviews.ReviewSuperseded": "A newer version of what is reviewed came to review, or nothing is left to decide",
    "aisle.reviews.ReviewWithdrawn": "What was reviewed is withdrawn",
    "aisle.routing.ChangeNotSupported": "A supplier cannot be told to wait, or of another address",
    "aisle.routing.OrderAcceptedBySupplier": "A supplier ships an order, or a part of it",
    "aisle.routing.OrderDeclinedBySupplier": "A supplier does not ship units of an order",
    "aisle.routing.OrderOfferedToSupplier": "A supplier is asked whether it ships an order",
    "aisle.routing.RecallTooLate": "A supplier has sent what it was to leave out",
    "aisle.routing.SupplierInvoiced": "A supplier sent its invoice for an order",
    "aisle.routing.SupplierMisbehaved": "A supplier's endpoint said something that the protocol does not know",
    "aisle.routing.SupplierReachable": "A supplier's endpoint answers again",
    "aisle.routing.SupplierSilent": "A supplier did not answer in time, and its units are sought elsewhere",
    "aisle.routing.SupplierUnreachable": "A supplier's endpoint failed several times in a row, and is left in peace",
    "aisle.routing.UnitsRecalledFromSupplier": "A supplier is to leave units out of an order",
    "aisle.shipping.ShippingMethodChanged": "A shipping method was created or changed",
    "aisle.shipping.ShippingMethodRemoved": "A shipping method was removed",
    "aisle.suppliers.SupplierApplied": "Somebody applies to sell here",
    "aisle.suppliers.SupplierApproved": "A supplier may sell",
    "aisle.suppliers.SupplierChanged": "What a supplier was approved with has changed",
    "aisle.suppliers.SupplierCorrected": "Fields of a supplier's profile were corrected",
    "aisle.suppliers.SupplierInvited": "Somebody is asked to sell here",
    "aisle.suppliers.SupplierOffboarded": "A supplier never sells again",
    "aisle.suppliers.SupplierReinstated": "A suspended supplier sells again",
    "aisle.suppliers.SupplierRejected": "A supplier, or a change of one, was refused",
    "aisle.suppliers.SupplierSentToReview": "A person has to decide on a supplier",
    "aisle.suppliers.SupplierSubmitted": "A supplier's profile is to be verified",
    "aisle.suppliers.SupplierSuspended": "A supplier does not sell for the time being",
    "aisle.taxes.TaxCountryChanged": "How a country is taxed was changed",
    "aisle.taxes.TaxRateChanged": "A tax rate was created or changed",
    "aisle.taxes.TaxRateRemoved": "A tax rate was removed",
    "aisle.webhooks.WebhookChanged": "A webhook was changed",
    "aisle.webhooks.WebhookCreated": "A webhook was created",
    "aisle.webhooks.WebhookDeleted": "A webhook was deleted",
    "aisle.webhooks.WebhookDisabled": "A webhook is given up: its endpoint is gone, or has failed for days",
    "aisle.webhooks.WebhookPaused": "A webhook was paused",
    "aisle.webhooks.WebhookResumed": "A webhook was resumed",
    "aisle.webhooks.WebhookSecretRotated": "A webhook has a new secret",
}

NOT_SENT = frozenset({"aisle.customers.VerificationRequested", "aisle.lockers.PasscodeRequested"})
"""Inner workings: one context's word to another."""


FOR_SUPPLIERS = frozenset(
    {
        "aisle.feeds.FeedCancelled",
        "aisle.feeds.FeedFailed",
        "aisle.feeds.FeedFinished",
        "aisle.feeds.FeedReceived",
        "aisle.feeds.FeedStarted",
        "aisle.ledger.PayoutBooked",
        "aisle.ledger.PayoutReturned",
        "aisle.ledger.PayoutSent",
        "aisle.listings.ListingChanged",
        "aisle.listings.ListingCorrected",
        "aisle.listings.ListingPaused",
        "aisle.listings.ListingPublished",
        "aisle.listings.ListingRejected",
        "aisle.listings.ListingResumed",
        "aisle.listings.ListingSentToReview",
        "aisle.listings.ListingSubmitted",
        "aisle.listings.ListingWithdrawn",
        "aisle.listings.OfferChanged",
        "aisle.returns.ReturnAnnouncedToSupplier",
        "aisle.routing.ChangeNotSupported",
        "aisle.routing.OrderAcceptedBySupplier",
        "aisle.routing.OrderDeclinedBySupplier",
        "aisle.routing.OrderOfferedToSupplier",
        "aisle.routing.RecallTooLate",
        "aisle.routing.SupplierInvoiced",
        "aisle.routing.SupplierMisbehaved",
        "aisle.routing.SupplierReachable",
        "aisle.routing.SupplierSilent",
        "aisle.routing.SupplierUnreachable",
        "aisle.routing.UnitsRecalledFromSupplier",
        "aisle.suppliers.SupplierApplied",
        "aisle.suppliers.SupplierApproved",
        "aisle.suppliers.SupplierChanged",
        "aisle.suppliers.SupplierCorrected",
        "aisle.suppliers.SupplierOffboarded",
        "aisle.suppliers.SupplierReinstated",
        "aisle.suppliers.SupplierRejected",
        "aisle.suppliers.SupplierSubmitted",
        "aisle.suppliers.SupplierSuspended",
    }
)
"""What a supplier may hear of, as far as it is named there. A type that is not in here no supplier hears of."""

NOT_FOR_SUPPLIERS = frozenset(
    {
        "aisle.ledger.CommissionRulesChanged",  # the operator's books, in which no supplier is named,
        "aisle.ledger.LedgerAdjusted",  # and those in which the operator writes by hand
        "aisle.ledger.PayoutRunFinished",
        "aisle.ledger.PayoutRunStarted",
        "aisle.suppliers.SupplierInvited",  # nobody acts for it yet
        "aisle.suppliers.SupplierSentToReview",  # its rules would tell whom the screening has recognised
    }
)
"""Of the marketplace, and yet the operator's alone."""


def is_sent(type: str) -> bool:
    """Whether subscribers may be told of such events."""
    return type in EVENT_TYPES


def suppliers_hear(type: str) -> bool:
    """Whether a supplier that is named in such an event may be told of it."""
    return type in FOR_SUPPLIERS and is_sent(type)


def types_for(supplier_id: str | None) -> Mapping[str, str]:
    """Types and what they mean, for webhooks of a supplier or (None) of the operator."""
    if supplier_id is None:
        return EVENT_TYPES
    return {type: means for type, means in EVENT_TYPES.items() if suppliers_hear(type)}


def is_known(pattern: str, supplier_id: str | None = None) -> bool:
    """Whether any type for such webhooks matches; a pattern that none matches is a slip."""
    return any(matches(pattern, type) for type in types_for(supplier_id))
