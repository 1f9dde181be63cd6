"""Tokens of invitations: made anew from the invitation's id each time, and kept nowhere.

So whoever mails one needs nothing that an event would have to carry, and the operator is shown the very same. The table holds a
token's hash alone, and only functions that may use the key of contacts can make one.
"""

from chalicelib.core import contacts


def token_of(invitation_id: str) -> str:
    """What accepts the invitation: 160 bits, as hexadecimal digits."""
    return "inv_" + contacts.mac("supplier invitation", invitation_id)
