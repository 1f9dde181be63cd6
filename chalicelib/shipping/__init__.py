"""Shipping: how goods can be sent, what that costs, and when they arrive.

Decides shipping methods, their charges by country, weight and goods total, and the dates that are promised. Owns the events
ShippingMethodChanged and ShippingMethodRemoved.
"""
