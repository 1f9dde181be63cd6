"""Listings: what suppliers sell.

Decides whether what a supplier registers is sound, which SKU of the catalogue it is an offer of or makes a new one, and what it
is offered for. Publishes ListingSubmitted, ListingCorrected, ListingSentToReview, ListingPublished, ListingRejected,
ListingChanged, ListingPaused, ListingResumed, ListingWithdrawn and OfferChanged.
"""
