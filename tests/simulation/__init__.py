"""The whole of Aisle on simulated ground: one seed, one history, as often as it is run.

Shoppers, staff and warehouses act on the real application. Below it, DynamoDB, queues, the bus, Step Functions and the
clock are simulated, and so is all that may go wrong between them: a call may be throttled, lost on its way there or back,
held up, or be the last that its process makes. What is at hand is decided by one seed, so a history can be run again,
exactly, and looked at step by step. See docs/simulation.md.
"""
