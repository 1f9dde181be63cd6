"""The user pool, where customers sign in."""

from typing import Protocol

from chalicelib.core.aws import client
from chalicelib.core.settings import settings


class SignIns(Protocol):
    """Accounts that sign in."""

    def remove(self, customer_id: str) -> None:
        """Delete the account of a customer, if there is one."""


class CognitoSignIns:
    """Amazon Cognito. A pool whose users sign in by e-mail names them by their subject, which is the customer's id."""

    def remove(self, customer_id: str) -> None:
        """Delete the user. Staff's own customers (`cus_…`) have none, and one who was deleted before has none any more."""
        cognito = client("cognito-idp")
        _, _, pool_id = settings().user_pool_arn.rpartition("/")
        try:
            cognito.admin_delete_user(UserPoolId=pool_id, Username=customer_id)
        except cognito.exceptions.UserNotFoundException:
            return
