"""Customers: who buys, where it goes, and what they agreed to hear; the same person in every channel.

Decides what of a profile is proven, what may be said to whom on which channel, and what is left of a customer who wants to
be forgotten. Owns the events CustomerCreated, CustomerChanged, ConsentChanged, VerificationRequested and CustomerErased.
"""
