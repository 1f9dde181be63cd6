"""What somebody means to buy: carts of guests and of customers, until they are ordered.

Decides who opens a cart, what is in it, how two become one when a guest signs in, and when one counts as abandoned. Prices,
discounts and tax are `orders`' to work out, stock is `inventory`'s. Owns the events CartMerged and CartAbandoned.
"""
