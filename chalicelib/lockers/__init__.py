"""Lockers: where an order waits for its shopper behind a door, and what opens it.

Decides which compartments hold an order, who may open them and for how long, and what became of it. Owns the events
PickupAllocated, PickupWaitlisted, PickupConfirmed, PickupCollected, PickupExpired, PickupCancelled, PickupCleared, PickupFaulted,
PasscodeRequested and what concerns sites, cabinets and doors.
"""
