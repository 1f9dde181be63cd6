"""Suppliers: who sells through this marketplace beside the retailer itself.

Decides who is let in: applications, their verification and correction, and the life of a supplier (applied → in review →
approved or rejected → suspended → offboarded). Owns the events that begin with Supplier.
"""
