"""Feeds: files in which suppliers send many listings, stock counts or prices at once.

Decides which file's turn it is, reads it row by row, and tells of every row what became of it; what a row means is for listings to
decide. Owns the events FeedReceived, FeedStarted, FeedFinished, FeedFailed and FeedCancelled.
"""
