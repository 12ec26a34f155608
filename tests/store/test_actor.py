"""Who asks, as the change log and the rights see it."""

import pytest

from angarium.names import UserId
from angarium.store import Actor


@pytest.mark.parametrize(
    ("actor", "name", "client"),
    [
        (
            Actor(UserId("alice", "example.com"), protocol="imap", client="192.0.2.7"),
            "alice@example.com",
            "imap 192.0.2.7",
        ),
        (Actor(None, protocol="imap"), "anonymous", "imap"),
        (Actor(UserId("cyrus"), is_admin=True), "cyrus", ""),
        (Actor.program("cyr_expire"), "cyr_expire", "cyr_expire"),
    ],
)
def test_change_log_names_the_actor(actor: Actor, name: str, client: str) -> None:
    assert (actor.author().actor, actor.author().client) == (name, client)


def test_rights_are_asked_for_the_full_user_id_and_groups() -> None:
    actor = Actor(UserId("alice", "example.com"), groups=frozenset({"staff"}))
    assert actor.subject().identifiers == {"anyone", "alice@example.com", "group:staff"}
    assert Actor(None).subject().identifiers == {"anyone", "anonymous"}
