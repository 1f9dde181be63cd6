"""Listings in the table.

| item | pk | sk | gsi1 | gsi2 |
|---|---|---|---|---|
| listing | LISTING#<supplier>:<supplier sku> | LISTING | LISTINGS#<supplier> / <supplier sku> | LISTINGS#<supplier>#<status> / <supplier sku> |
| its terms | LISTING#<supplier>:<supplier sku> | TERMS | | |
| offers of a SKU | OFFERS#<sku> | OFFERS | | |
| attributes of a category | ATTRIBUTESCHEMA#<category> | ATTRIBUTESCHEMA | | |
| how many a supplier has | LISTING#PLACES#<supplier> | PLACES | | |
| what a batch of rows registers or withdraws | LISTING#PLACES#<supplier> | HOLD#<ulid> | | |
| the operator's settings | LISTINGSETTINGS | LISTINGSETTINGS | | |
| what an image is | IMAGECHECK#<hash of its URL> | IMAGECHECK | | |

Here is what orders read; all of it is in `items`.
"""

from chalicelib.listings.store.offers import book_in, book_key
from chalicelib.listings.store.settings import read_settings

__all__ = ["book_in", "book_key", "read_settings"]
