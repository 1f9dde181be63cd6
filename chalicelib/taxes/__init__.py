"""Taxes: which rate applies where and since when, what tax a line bears, and what is owed for the orders that were confirmed.

Decides tax rates per country (or region) and category, whether prices include tax, the reverse charge, and the tax ledger. Owns
the events TaxRateChanged, TaxRateRemoved and TaxCountryChanged.
"""
