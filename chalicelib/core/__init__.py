"""What every context stands on: transactions, events, identity, problems, time. No commerce word in here."""
