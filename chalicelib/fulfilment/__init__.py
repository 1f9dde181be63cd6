"""Fulfilment: where the units of an order come from, and their way out of the warehouse.

Decides the allocation over locations and the life of a fulfilment (waiting → requested → packed → shipped or short → delivered).
Owns the events FulfilmentReady, FulfilmentPacked, FulfilmentShipped, FulfilmentShort and FulfilmentDelivered.
"""
