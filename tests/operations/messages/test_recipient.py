"""Recipients: subaddresses, shared mailboxes, case, domains, quota at RCPT."""

from dataclasses import replace

import pytest
from tests.operations.messages.conftest import ANONYMOUS, AUTHOR, World

from angarium.config.options import LmtpSettings
from angarium.engine.commands import SetQuota
from angarium.engine.rows import QuotaResource
from angarium.errors import PermissionDenied, QuotaExceeded, UserNotFound
from angarium.names import NameSettings, VirtDomains
from angarium.operations.messages import Recipient, resolve_recipient

SETTINGS = LmtpSettings()


@pytest.mark.parametrize(
    ("address", "recipient"),
    [
        ("alice", Recipient("alice")),
        ("alice@example.org", Recipient("alice", "", "example.org")),
        ("alice+work.2026@example.org", Recipient("alice", "work.2026", "example.org")),
        ("alice+a+b", Recipient("alice", "a+b")),
        ("+board@example.org", Recipient("", "board", "example.org")),
        ('"a l\\"ice"@example.org', Recipient('a l"ice', "", "example.org")),
        ('"a@b"@example.org', Recipient("a@b", "", "example.org")),
        ("", Recipient("")),
    ],
)
def test_an_address_is_taken_apart(address: str, recipient: Recipient) -> None:
    assert Recipient.parse(address) == recipient


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("alice@example.org", "user.alice"),
        ("ALICE@[192.0.2.7]", "user.alice"),
        ("alice+work", "user.alice"),
        ("alice+open", "user.alice.open"),
        ("alice+open.deep", "user.alice.open.deep"),
        ("alice+open/deep", "user.alice.open.deep"),
        ("alice+open/dotted.name", "user.alice.open.dotted^name"),
        ("alice+none", "user.alice"),
        ("alice+..", "user.alice"),
        ("+board", "board"),
        ("post+board", "board"),
        ("nobody", None),
        ("postmaster", None),
        ("+nothing", None),
        ("+user.alice", None),
        ("+secret", None),
        ("+", None),
        ("", None),
        ("*", None),
    ],
)
async def test_where_mail_goes(memory_world: World, address: str, name: str | None) -> None:
    world = memory_world
    for below in ("open", "open.deep", "open.dotted^name"):
        await world.create(f"user.alice.{below}", "alice\tlrswipkxtea\tanyone\tp\t")
    await world.create("secret", "alice\tlrswip\t")
    settings = replace(SETTINGS, postuser="post")
    recipient = Recipient.parse(address)
    if name is None:
        with pytest.raises(UserNotFound):
            await resolve_recipient(world.store, settings, ANONYMOUS, recipient)
    else:
        target = await resolve_recipient(world.store, settings, ANONYMOUS, recipient)
        assert target.name.internal == name
        assert target.mailbox == world.mailboxes[name]


async def test_a_shared_mailbox_that_one_sees_and_may_not_post_to_is_denied(world: World) -> None:
    await world.create("news", "anyone\tlr\t")
    with pytest.raises(PermissionDenied):
        await resolve_recipient(world.store, SETTINGS, ANONYMOUS, Recipient.parse("+news"))


async def test_a_sender_who_is_known_has_her_own_rights(world: World) -> None:
    await world.create("user.alice.bobs", "alice\tlrswipkxtea\tbob\tp\t")
    for sender, name in ((world.bob, "user.alice.bobs"), (ANONYMOUS, "user.alice")):
        target = await resolve_recipient(world.store, SETTINGS, sender, Recipient.parse("alice+bobs"))
        assert target.name.internal == name


async def test_the_case_of_recipients_counts_where_it_is_asked_for(memory_world: World) -> None:
    settings = replace(SETTINGS, lmtp_downcase_rcpt=False)
    with pytest.raises(UserNotFound):
        await resolve_recipient(memory_world.store, settings, ANONYMOUS, Recipient.parse("Alice"))


async def test_domains_have_users_of_their_own(memory_world: World) -> None:
    world = memory_world
    names = NameSettings(virtdomains=VirtDomains.USERID, defaultdomain="example.org")
    world.store.policy = replace(world.store.policy, names=names)
    await world.create("example.com!user.carol", "carol@example.com\tlrswipkxtea\t")
    for address, name in (
        ("carol@Example.COM", "example.com!user.carol"),
        ("alice@example.org", "user.alice"),
        ("alice", "user.alice"),
    ):
        target = await resolve_recipient(world.store, SETTINGS, ANONYMOUS, Recipient.parse(address))
        assert target.name.internal == name
    for address in ("carol@example.org", "alice@example.com", "alice@not a domain"):
        with pytest.raises(UserNotFound):
            await resolve_recipient(world.store, SETTINGS, ANONYMOUS, Recipient.parse(address))


async def test_a_full_mailbox_refuses_at_once_and_another_takes_what_will_overshoot(world: World) -> None:
    await world.set_quota("user.alice", 0)
    with pytest.raises(QuotaExceeded):
        await resolve_recipient(world.store, SETTINGS, ANONYMOUS, Recipient.parse("alice"))
    await resolve_recipient(world.store, SETTINGS, ANONYMOUS, Recipient.parse("alice"), ignore_quota=True)
    await world.set_quota("user.alice", 1)
    await resolve_recipient(world.store, SETTINGS, ANONYMOUS, Recipient.parse("alice"), size_octets=5000)
    strict = replace(SETTINGS, lmtp_strict_quota=True)
    with pytest.raises(QuotaExceeded):
        await resolve_recipient(world.store, strict, ANONYMOUS, Recipient.parse("alice"), size_octets=5000)
    await world.set_quota("user.alice", 0)
    with pytest.raises(QuotaExceeded):  # also where the size is not known
        await resolve_recipient(world.store, strict, ANONYMOUS, Recipient.parse("alice"))


async def test_a_full_number_of_messages_refuses_at_once(world: World) -> None:
    account = world.account_of("user.alice")
    await world.engine.write(account, SetQuota("", {QuotaResource.MESSAGE: 0}, AUTHOR))
    with pytest.raises(QuotaExceeded):
        await resolve_recipient(world.store, SETTINGS, ANONYMOUS, Recipient.parse("alice"))
    await world.engine.write(account, SetQuota("", {QuotaResource.MESSAGE: 1, QuotaResource.MAILBOX: 0}, AUTHOR))
    await resolve_recipient(world.store, SETTINGS, ANONYMOUS, Recipient.parse("alice"))
