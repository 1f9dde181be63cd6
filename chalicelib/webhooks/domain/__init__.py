"""Subscriptions ("webhooks"), the deliveries made for them, and how their endpoints fare. Pure values and rules."""
