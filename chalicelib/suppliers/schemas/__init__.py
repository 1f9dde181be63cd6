"""What callers exchange with suppliers."""
