"""Notifications: telling customers what became of their order, once.

Decides the words and the channels. Publishes no events.
"""
