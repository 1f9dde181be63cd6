"""Returns: what may come back, what came back, and what it is worth.

Decides by policies, which are data, and counts every unit of an order that is in a return, so that none is in two. Goods go back to
who shipped them. Owns the events ReturnAuthorised, ReturnAnnouncedToSupplier, ReturnLabelIssued, ReturnReceived, ReturnInspected, ReturnSettled, ReturnCancelled, ReturnExpired, ExchangePlaced,
ExchangeFellBack and ReturnPolicyChanged.
"""
