"""Where rights are required."""

import pytest

from angarium.errors import MailboxNotFound, PermissionDenied
from angarium.names import MailboxName, UserId
from angarium.rights import Right, Rights
from angarium.store import Actor
from angarium.store.acl import administers, is_owner, require, require_any


def test_what_is_refused_without_lookup_is_not_there() -> None:
    everything_else = Rights.of(*[right for right in Right if right not in (Right.LOOKUP, Right.READ)])
    for ask in (require, require_any):
        with pytest.raises(MailboxNotFound):
            ask(everything_else, Right.READ)
    with pytest.raises(MailboxNotFound):
        require(everything_else)


def test_a_right_needs_no_lookup_beside_it() -> None:
    require(Rights.of(Right.READ), Right.READ)
    require_any(Rights.of(Right.READ), Right.LOOKUP, Right.READ)


def test_require_wants_all_and_require_any_wants_one() -> None:
    rights = Rights.of(Right.LOOKUP, Right.READ)
    require(rights)
    require(rights, Right.READ)
    require_any(rights, Right.INSERT, Right.READ)
    with pytest.raises(PermissionDenied):
        require(rights, Right.READ, Right.INSERT)
    with pytest.raises(PermissionDenied):
        require_any(rights, Right.INSERT, Right.POST)


@pytest.mark.parametrize(
    ("userid", "internal", "owner"),
    [
        (UserId("ann"), "user.ann", True),
        (UserId("ann"), "user.ann.work", True),
        (UserId("ann"), "user.anna", False),
        (UserId("ann", "example.com"), "user.ann", False),
        (UserId("ann", "example.com"), "example.com!user.ann.work", True),
        (UserId("ann"), "ann", False),
        (None, "user.ann", False),
    ],
)
def test_owner_is_whose_hierarchy_it_is(userid: UserId | None, internal: str, *, owner: bool) -> None:
    assert is_owner(Actor(userid), MailboxName.from_internal(internal)) is owner


@pytest.mark.parametrize(
    ("actor", "internal", "does"),
    [
        (Actor(UserId("cyrus"), is_admin=True), "user.ann", True),
        (Actor(UserId("cyrus"), is_admin=True), "example.com!user.ann", True),
        (Actor.program("cyr_expire"), "example.com!user.ann", True),
        (Actor(UserId("admin", "example.com"), is_admin=True), "example.com!user.ann", True),
        (Actor(UserId("admin", "example.com"), is_admin=True), "user.ann", False),
        (Actor(UserId("admin", "example.com"), is_admin=True), "example.org!user.ann", False),
        (Actor(UserId("ann")), "user.ann", False),
    ],
)
def test_administrators_of_a_domain_administer_that_domain(actor: Actor, internal: str, *, does: bool) -> None:
    assert administers(actor, MailboxName.from_internal(internal)) is does
