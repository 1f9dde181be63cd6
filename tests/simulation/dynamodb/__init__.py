"""DynamoDB in memory, as fast as Python allows, for the single table of Aisle.

It stands where botocore's client stands, so PynamoDB and everything of ours above it run as they are. It keeps to DynamoDB's
rules (conditions, transactions and their reasons, tokens, limits, indexes that lag), which
`tests/simulation/test_dynamodb_against_moto.py` holds against another implementation.
"""

from tests.simulation.dynamodb.database import Change, Database, refusal

__all__ = ["Change", "Database", "refusal"]
