"""Queues that lockers read: events of the bus, and what cabinets say."""
