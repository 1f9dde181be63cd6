"""What callers and cabinets exchange with lockers."""
