"""Where goods are, how many can be sold, and for whom some are held.

Decides locations, stock counters, safety stock, movements, transfers and reservations. Owns the events StockReceived,
StockAdjusted, StockCounted, TransferDispatched, TransferReceived, TransferCancelled and ReservationExpired.
"""
