"""Manual review: what validators could not settle, a person decides.

The case lives in the table, with its findings, corrections, comments, history and deadline; the queue reviews-manual only signals that
there is one. Decides who works on a case and what becomes of it, and escalates what is overdue. Owns the events ReviewOpened,
ReviewClaimed, ReviewReleased, ReviewAssigned, ReviewCorrected, ReviewEscalated, ReviewDecided, ReviewSuperseded, ReviewWithdrawn and
ReviewDeadlinesChanged.
"""
