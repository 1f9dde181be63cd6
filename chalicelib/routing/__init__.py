"""Routing: handing orders to the suppliers who ship them.

Decides what a supplier has said of an allocation (a fulfilment at the supplier's location) and when it is too late to say it, when a
supplier's endpoint is left in peace, and how well a supplier keeps its word. Owns the events OrderOfferedToSupplier,
OrderAcceptedBySupplier, OrderDeclinedBySupplier, UnitsRecalledFromSupplier, RecallTooLate, ChangeNotSupported, SupplierSilent, SupplierMisbehaved, SupplierUnreachable, SupplierReachable and
SupplierInvoiced.
"""
