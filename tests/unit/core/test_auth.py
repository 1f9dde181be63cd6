import pytest

from chalicelib.core.auth import NOBODY, Principal, Role, from_claims, system
from chalicelib.core.errors import Forbidden, Unauthenticated

USER = {"sub": "u1", "username": "u1", "client_id": "app", "scope": "aws.cognito.signin.user.admin"}


@pytest.mark.parametrize("groups", ["admin,shopper", "[admin shopper]", "[admin, shopper]", ["admin", "shopper"]])
def test_groups_in_every_form_that_the_gateway_gives_them(groups):
    by = from_claims({**USER, "cognito:groups": groups})
    assert by == Principal("user", "u1", roles=frozenset({Role.ADMIN, Role.SHOPPER}))


def test_groups_of_others_give_no_role():
    assert from_claims({**USER, "cognito:groups": "eu-west-1_abc_Google,administrators"}).roles == frozenset()
    assert from_claims(USER).roles == frozenset()


def test_a_machine_has_scopes_and_no_role():
    claims = {"sub": "m1", "client_id": "m1", "scope": "aisle/catalog.write aisle/orders.read other/admin"}
    by = from_claims({**claims, "cognito:groups": "admin"})
    assert by == Principal("machine", "m1", scopes=frozenset({"catalog.write", "orders.read"}))


@pytest.mark.parametrize("claims", [None, {}])
def test_no_claims_are_nobody(claims):
    assert from_claims(claims) is NOBODY


def test_what_each_may():
    admin = Principal("user", "u", roles=frozenset({Role.ADMIN}))
    machine = Principal("machine", "m", scopes=frozenset({"orders.read"}))
    admin.require(Role.ADMIN, Role.ASSOCIATE)
    machine.require(Role.ADMIN, scope="orders.read")
    system("x").require(Role.ADMIN)
    assert admin.is_staff
    assert not machine.is_staff
    with pytest.raises(Forbidden, match=r"role associate or scope aisle/orders\.write"):
        machine.require(Role.ASSOCIATE, scope="orders.write")
    with pytest.raises(Forbidden):
        admin.require(Role.SHOPPER)
    with pytest.raises(Unauthenticated):
        NOBODY.require(Role.ADMIN)
