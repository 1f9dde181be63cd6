"""Accounts of suppliers: users of the pool's group `supplier`, as the operator's sign-up would make them."""

import contextlib
import secrets
from threading import Lock

from examples.online_retail.api import Api
from examples.online_retail.stack import Stack


class Account:
    """One user, whose token is renewed when it has ended."""

    def __init__(self, stack: Stack, email: str) -> None:
        self._stack, self._email = stack, email
        self._password = f"{secrets.token_urlsafe(12)}aA1!"
        self._renewing = Lock()
        self._token = self._sign_up()

    def _sign_up(self) -> str:
        cognito, pool = self._stack.aws("cognito-idp"), self._stack.user_pool_id
        attributes = [{"Name": "email", "Value": self._email}, {"Name": "email_verified", "Value": "true"}]
        with contextlib.suppress(cognito.exceptions.UsernameExistsException):
            cognito.admin_create_user(
                UserPoolId=pool, Username=self._email, UserAttributes=attributes, MessageAction="SUPPRESS"
            )
        cognito.admin_set_user_password(UserPoolId=pool, Username=self._email, Password=self._password, Permanent=True)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=self._email, GroupName="supplier")
        return self._signed_in()

    def _signed_in(self) -> str:
        answer = self._stack.aws("cognito-idp").initiate_auth(
            ClientId=self._stack.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": self._email, "PASSWORD": self._password},
        )
        return str(answer["AuthenticationResult"]["AccessToken"])

    def token(self, role: str) -> str:
        """The access token; the account has one role."""
        return self._token

    def renew(self, role: str, refused: str) -> str:
        """A new token in place of one that was `refused`."""
        with self._renewing:
            if self._token == refused:
                self._token = self._signed_in()
            return self._token

    def api(self) -> Api:
        """The API as this account sees it."""
        return Api(self._stack.api_url, self, role="supplier")
