"""Annotations of mailboxes: rights, what the server tells and switches by them, and all or none."""

from dataclasses import replace

import pytest
from tests.store.world import World, name

from angarium.engine.commands import SetQuota
from angarium.engine.rows import QuotaResource
from angarium.errors import (
    AnnotationInvalid,
    AnnotationTooLarge,
    MailboxNotFound,
    PermissionDenied,
    PrivateAnnotationsUnsupported,
    QuotaExceeded,
    SpecialUseTaken,
)
from angarium.operations.metadata import MetadataQuery, MetadataValue, get_mailbox_metadata, set_mailbox_metadata
from angarium.store import Actor

VENDOR = "/shared/vendor/cmu/cyrus-imapd"


async def read(world: World, actor: Actor, mailbox: str, *entries: str) -> list[bytes | None]:
    found = await get_mailbox_metadata(world.store, actor, name(mailbox), MetadataQuery(entries))
    values = {each.entry: each.value for each in found.values}
    return [values[entry] for entry in entries]


async def write(world: World, actor: Actor, mailbox: str, **values: bytes | None) -> None:
    named = [MetadataValue("/" + entry.replace("_", "/"), value) for entry, value in values.items()]
    await set_mailbox_metadata(world.store, actor, name(mailbox), named)


@pytest.mark.parametrize(
    ("rights", "may_read", "may_share"),
    [("l", False, False), ("lr", True, False), ("ls", True, False), ("lp", True, False), ("lw", True, True)],
)
async def test_rights_decide(world: World, rights: str, may_read: bool, may_share: bool) -> None:
    await world.set_acl("user.alice", f"alice lrswipkxtean bob {rights}")
    bob = world.user("bob")
    for is_shared, may in ((False, may_read), (True, may_share)):
        entry = "shared_comment" if is_shared else "private_comment"
        if may:
            await write(world, bob, "user.alice", **{entry: b"x"})
        else:
            with pytest.raises(PermissionDenied):
                await write(world, bob, "user.alice", **{entry: b"x"})
    if may_read:
        assert await read(world, bob, "user.alice", "/private/comment") == [b"x"]
    else:
        with pytest.raises(PermissionDenied):
            await read(world, bob, "user.alice", "/private/comment")


async def test_without_l_there_is_no_mailbox(world: World) -> None:
    await world.set_acl("user.alice", "alice lrswipkxtean bob rswi")
    with pytest.raises(MailboxNotFound):
        await read(world, world.user("bob"), "user.alice", "/shared/comment")
    with pytest.raises(MailboxNotFound):
        await write(world, world.user("bob"), "user.alice", private_comment=b"x")


async def test_a_visitor_has_none_of_her_own(world: World) -> None:
    await world.set_acl("user.alice", "alice lrswipkxtean anonymous lrw")
    with pytest.raises(PrivateAnnotationsUnsupported):
        await write(world, world.anonymous, "user.alice", private_comment=b"x")
    await write(world, world.anonymous, "user.alice", shared_comment=b"x")
    assert await read(world, world.anonymous, "user.alice", "/shared/comment", "/private/comment") == [b"x", None]


async def test_facts_are_true(world: World) -> None:
    alice = world.user("alice")
    await world.add("user.alice", [], [])
    await write(world, alice, "user.alice", shared_comment=b"four")
    row = (await world.found("user.alice")).row
    entries = ("size", "annotsize", "uniqueid", "partition", "foldermodseq", "sharedseen", "hasalarms", "lastpop")
    found = await read(world, alice, "user.alice", *[f"{VENDOR}/{entry}" for entry in entries])
    assert found == [
        b"%d" % row.octets,
        b"4",
        row.id.encode(),
        b"default",
        b"%d" % row.folder_modseq,
        b"false",
        b"false",
        None,
    ]
    assert await read(world, alice, "user.alice", f"{VENDOR}/lastupdate") == [b"14-Nov-2023 22:13:20 +0000"]


async def test_sharedseen_switches_whose_seen_counts(world: World) -> None:
    await write(world, world.user("alice"), "user.alice", **{"shared_vendor_cmu_cyrus-imapd_sharedseen": b"TRUE"})
    assert (await world.found("user.alice")).row.shared_seen
    await write(world, world.user("alice"), "user.alice", **{"shared_vendor_cmu_cyrus-imapd_sharedseen": None})
    assert not (await world.found("user.alice")).row.shared_seen


async def test_a_refusal_takes_back_what_was_set_before_it(world: World) -> None:
    alice = world.user("alice")
    await world.create("user.alice.Work", "alice lrswipkxtean")
    await world.create("user.alice.Play", "alice lrswipkxtean")
    await write(world, alice, "user.alice.Work", private_specialuse=b"\\Sent")
    with pytest.raises(SpecialUseTaken):
        await write(world, alice, "user.alice.Play", private_comment=b"x", private_specialuse=b"\\Sent")
    await world.do("user.alice", SetQuota("", {QuotaResource.ANNOTATION_STORAGE: 0}, alice.author()))
    with pytest.raises(QuotaExceeded):
        await write(world, alice, "user.alice.Work", private_comment=b"x", private_specialuse=b"\\Junk")
    assert await read(world, alice, "user.alice.Work", "/private/specialuse", "/private/comment") == [b"\\Sent", None]
    assert await read(world, alice, "user.alice.Play", "/private/specialuse", "/private/comment") == [None, None]


async def test_values_are_bounded_and_checked(world: World) -> None:
    world.store.policy = replace(
        world.store.policy, annotations=replace(world.store.policy.annotations, value_octets=1024)
    )
    with pytest.raises(AnnotationTooLarge):
        await write(world, world.user("alice"), "user.alice", shared_comment=b"x" * 1025)
    with pytest.raises(AnnotationInvalid):
        await write(world, world.user("alice"), "user.alice", shared_check=b"maybe")
    for entry in ("shared_nothing", "shared_vendor_cmu_cyrus-imapd_size", "private_vendor_cmu_cyrus-imapd_sharedseen"):
        with pytest.raises(PermissionDenied):
            await write(world, world.user("alice"), "user.alice", **{entry: b"1"})


@pytest.mark.parametrize(
    ("entry", "given", "kept"),
    [
        (f"{VENDOR}/duplicatedeliver", b"TRUE", b"true"),
        (f"{VENDOR}/duplicatedeliver", b"1", None),
        (f"{VENDOR}/sieve", b"board.script", b"board.script"),
        ("/shared/imapsieve/script", "Prüfung".encode(), "Prüfung".encode()),
        ("/shared/imapsieve/script", b"", b""),
        ("/shared/imapsieve/script", b"\xff", None),
    ],
)
async def test_what_deliveries_and_scripts_go_by(world: World, entry: str, given: bytes, kept: bytes | None) -> None:
    alice = world.user("alice")
    values = [MetadataValue(entry, given)]
    if kept is None:
        with pytest.raises(AnnotationInvalid):
            await set_mailbox_metadata(world.store, alice, name("user.alice"), values)
        return
    await set_mailbox_metadata(world.store, alice, name("user.alice"), values)
    assert await read(world, alice, "user.alice", entry) == [kept]
    mailbox = await world.found("user.alice")
    (row,) = await world.engine.annotations(mailbox.account, mailbox.id)
    assert (f"/shared{row.entry}", row.owner, row.value) == (entry, None, kept)


async def test_the_script_of_a_mailbox_is_for_those_who_administer_it(world: World) -> None:
    await world.set_acl("user.alice", "alice lrswipkxtean bob lrw")
    for entry in (f"{VENDOR}/sieve", "/shared/imapsieve/script"):
        with pytest.raises(PermissionDenied):
            await set_mailbox_metadata(
                world.store, world.user("bob"), name("user.alice"), [MetadataValue(entry, b"evil")]
            )
    with pytest.raises(PermissionDenied):
        await set_mailbox_metadata(
            world.store, world.user("alice"), name("user.alice"), [MetadataValue("/private/imapsieve/script", b"x")]
        )


async def test_the_script_of_events_is_told_where_it_is_set(world: World) -> None:
    alice, entry = world.user("alice"), "/shared/imapsieve/script"
    query = MetadataQuery(("/shared/*",))

    async def told() -> list[str]:
        found = await get_mailbox_metadata(world.store, alice, name("user.alice"), query)
        return [each.entry for each in found.values]

    for value, is_told in ((b"main", True), (None, False)):
        await set_mailbox_metadata(world.store, alice, name("user.alice"), [MetadataValue(entry, value)])
        assert (entry in await told()) == is_told
