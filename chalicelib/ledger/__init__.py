"""The marketplace's books: who owes whom what since goods of suppliers are sold, and who was paid.

Double entry: each movement is a set of postings that adds up to zero, written once in the transaction of the command that causes it.
Decides on commission and on what a supplier is paid and when. Owns the events CommissionRulesChanged, PayoutRunStarted,
PayoutRunFinished, PayoutBooked, PayoutSent, PayoutReturned and LedgerAdjusted. Entries themselves are no events.
"""
