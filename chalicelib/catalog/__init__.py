"""Catalog: what is sold. Decides which products and variants (SKUs) exist, what they cost per channel, and whether they are
for sale.

Owns the events ProductCreated, ProductChanged and VariantChanged.
"""
