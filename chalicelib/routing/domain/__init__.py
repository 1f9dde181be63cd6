"""Allocations and their answers, the temper of endpoints, and scorecards. Pure values and rules."""
