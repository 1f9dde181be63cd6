"""Fulfilment: where the units of an order come from, and their way out of the warehouse.

Decides the allocation over locations and the life of a fulfilment (requested → packed → shipped or short → delivered).
Owns the events FulfilmentPacked, FulfilmentShipped, FulfilmentShort and FulfilmentDelivered.
"""
