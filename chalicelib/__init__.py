"""Aisle: one catalogue, one stock, one customer and one order across every sales channel."""
