"""Orders: what was bought, at which price, and how far it has come.

Decides what an order costs, when it is confirmed or refused, and its status, which is derived from counters on its lines.
Owns the events OrderPlaced, OrderConfirmed and OrderRefused.
"""
