"""Notifications: telling customers what concerns them, once, in their language, on the channels they want to hear on.

Decides which events are told, the words (templates that ship, or the shop's own) and the devices that are pushed to. Publishes no
events.
"""
