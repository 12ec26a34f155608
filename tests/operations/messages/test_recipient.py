"""Recipients: subaddresses, shared mailboxes, case, domains, quota at RCPT."""

from dataclasses import replace

import pytest
from tests.operations.messages.conftest import ANONYMOUS, AUTHOR, World

from angarium.config.options import LmtpSettings
from angarium.engine.commands import SetQuota, SetSpecialUse
from angarium.engine.rows import QuotaResource
from angarium.errors import PermissionDenied, QuotaExceeded, UserNotFound
from angarium.flags import Flags
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


@pytest.mark.parametrize(
    ("downcase", "postuser", "name"), [(True, "post", "notes"), (True, "Post", "notes"), (False, "post", None)]
)
async def test_the_case_of_the_postuser_is_that_of_a_user(
    memory_world: World, downcase: bool, postuser: str, name: str | None
) -> None:
    world = memory_world
    await world.create("notes", "anyone\tp\t")
    settings = replace(SETTINGS, postuser=postuser, lmtp_downcase_rcpt=downcase)
    recipient = Recipient.parse("POST+notes")
    if name is None:
        with pytest.raises(UserNotFound):
            await resolve_recipient(world.store, settings, ANONYMOUS, recipient)
    else:
        assert (await resolve_recipient(world.store, settings, ANONYMOUS, recipient)).name.internal == name


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


FUZZY = replace(SETTINGS, lmtp_fuzzy_mailbox_match=True)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("alice+OPEN", "user.alice.Open"),
        ("alice+open.deep down", "user.alice.Open.Deep Down"),
        ("alice+open.DeepDown.more", "user.alice.Open.Deep Down"),
        ("alice+open/none/at all", "user.alice.Open"),
        ("alice+opened", "user.alice"),
        ("alice+work", "user.alice"),  # nobody may post there
        ("+BOARD", "board"),
        ("+Board.None", "board"),
        ("+bo ard.sub topic", "board.Subtopic"),
        ("+news", None),
        ("+user.ALICE", None),
    ],
)
async def test_a_name_that_is_nearly_right_is_enough_where_the_site_wants_so(
    memory_world: World, address: str, name: str | None
) -> None:
    world = memory_world
    for internal in ("user.alice.Open", "user.alice.Open.Deep Down", "board.Subtopic"):
        await world.create(internal, "anyone\tp\t")
    if name is None:
        with pytest.raises(UserNotFound):
            await resolve_recipient(world.store, FUZZY, ANONYMOUS, Recipient.parse(address))
    else:
        target = await resolve_recipient(world.store, FUZZY, ANONYMOUS, Recipient.parse(address))
        assert target.name.internal == name


async def test_one_user_may_get_the_mail_of_all_whom_nobody_knows(memory_world: World) -> None:
    settings = replace(SETTINGS, lmtp_catchall_mailbox="bob")
    await memory_world.create("user.bob.work", "anyone\tp\t")
    for address, name in (
        ("nobody@example.org", "user.bob"),
        ("nobody+work", "user.bob"),
        ("postmaster", "user.bob"),
        ("alice", "user.alice"),
    ):
        recipient = Recipient.parse(address)
        target = await resolve_recipient(memory_world.store, settings, ANONYMOUS, recipient)
        assert (target.name.internal, target.recipient.address) == (name, address)
    # Who posts to a board that is not there is to know it.
    for address in ("+nothing", "+user.alice"):
        with pytest.raises(UserNotFound):
            await resolve_recipient(memory_world.store, settings, ANONYMOUS, Recipient.parse(address))
    nobody = replace(SETTINGS, lmtp_catchall_mailbox="nobody")
    with pytest.raises(UserNotFound):
        await resolve_recipient(memory_world.store, nobody, ANONYMOUS, Recipient.parse("noone"))


async def test_mail_for_a_mailbox_of_an_excluded_use_goes_to_the_inbox(memory_world: World) -> None:
    world = memory_world
    await world.create("user.alice.later", "anyone\tp\t")
    use = SetSpecialUse(world.mailboxes["user.alice.later"], "\\Snoozed", AUTHOR)
    await world.engine.write(world.account_of("user.alice"), use)
    recipient = Recipient.parse("alice+later")
    target = await resolve_recipient(world.store, SETTINGS, ANONYMOUS, recipient)
    assert target.name.internal == "user.alice"
    target = await resolve_recipient(
        world.store, replace(SETTINGS, lmtp_exclude_specialuse=("\\Junk",)), ANONYMOUS, recipient
    )
    assert target.name.internal == "user.alice.later"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("alice", "user.alice"),
        ("alice+open", "user.alice.open"),
        ("alice+Open", None),
        ("alice+work", None),
        ("alice+none", None),
        ("nobody", None),
        ("+board", "board"),
        ("+Board", None),
    ],
)
async def test_an_exact_recipient_has_no_other_mailbox(memory_world: World, address: str, name: str | None) -> None:
    world = memory_world
    await world.create("user.alice.open", "anyone\tp\t")
    settings = replace(FUZZY, lmtp_catchall_mailbox="bob")
    recipient = Recipient.parse(address)
    if name is None:
        with pytest.raises(UserNotFound):
            await resolve_recipient(world.store, settings, ANONYMOUS, recipient, is_exact=True)
    else:
        target = await resolve_recipient(world.store, settings, ANONYMOUS, recipient, is_exact=True)
        assert (target.name.internal, target.is_exact) == (name, True)


@pytest.mark.parametrize(
    ("rights", "kept"),
    [
        ("p", ()),
        ("ps", ("\\Seen",)),
        ("pt", ("\\Deleted",)),
        ("pw", ("\\Flagged", "$Work")),
        ("pwst", ("\\Seen", "\\Flagged", "\\Deleted", "$Work")),
    ],
)
async def test_a_sender_marks_messages_as_her_rights_allow(
    memory_world: World, rights: str, kept: tuple[str, ...]
) -> None:
    world = memory_world
    await world.create("user.alice.open", f"bob\t{rights}\t")
    flags = Flags.of(["\\Seen", "\\Flagged", "\\Deleted", "$Work"])
    recipient = Recipient.parse("alice+open")
    target = await resolve_recipient(world.store, SETTINGS, world.bob, recipient, flags=flags, flags_by_right=True)
    assert target.name.internal == "user.alice.open"
    assert set(target.flags.names()) == set(kept)
    target = await resolve_recipient(world.store, SETTINGS, world.bob, recipient, flags=flags)
    assert target.flags == flags
