"""What a session is told of mailboxes that it has not selected, over each engine."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.operations.notifications.watching import FLAGS, NAME, NEW, SESSION, Watching, interest
from tests.store.world import AUTHOR, World, name

from angarium.engine.commands import Author, PruneChanges, SetAnnotations, Subscribe
from angarium.engine.rows import AnnotationChange
from angarium.errors import NotificationOverflow, StoreBusy
from angarium.operations import mailboxes
from angarium.operations.notifications import Event, MailboxSet

PERSONAL, SUBSCRIBED, SUBTREE, MAILBOXES = (
    MailboxSet.PERSONAL,
    MailboxSet.SUBSCRIBED,
    MailboxSet.SUBTREE,
    MailboxSet.MAILBOXES,
)
OWN = Author("alice", "imap", SESSION)


async def test_a_burst_is_told_once(world: World, tmp_path: Path) -> None:
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, NEW))
    for _ in range(5):
        await world.add("user.alice", ())
    assert await watching.told() == ["INBOX: 5 MESSAGE_NEW"]
    assert not watching.watch.has_news
    assert await watching.told() == []


async def test_only_what_is_wanted_is_told(world: World, tmp_path: Path) -> None:
    await world.create("user.alice.Work", "alice lrswipkxtean")
    await world.add("user.alice", (), ())
    watching = await Watching.of(world, tmp_path, interest(MAILBOXES, NEW, "INBOX"))
    await world.flag("user.alice", "1", "\\Flagged")
    await world.add("user.alice.Work", ())
    assert await watching.told() == []
    await world.expunge("user.alice", "1")
    assert await watching.told() == ["INBOX: 1 MESSAGE_EXPUNGE"]


async def test_others_seen_state_is_none_of_ones_own(world: World, tmp_path: Path) -> None:
    await world.set_acl("user.alice", "alice lrswipkxtean bob lrs")
    await world.add("user.alice", ())
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, FLAGS))
    reading = await Watching.of(world, tmp_path, interest(SUBTREE, FLAGS, ""), user="bob")
    bob = world.user("bob").account
    await world.flag("user.alice", "1", "\\Seen", seen_account=bob)
    assert await watching.told() == []
    (change,) = await reading.changes()
    assert (change.external, change.tells_unseen, change.status.unseen) == ("Other Users/alice", True, 0)  # type: ignore[union-attr]


async def test_rights_hold_at_each_telling(world: World, tmp_path: Path) -> None:
    await world.set_acl("user.bob", "bob lrswipkxtean alice lr")
    watching = await Watching.of(world, tmp_path, interest(SUBTREE, NEW, "Other Users"))
    await world.add("user.bob", ())
    await world.set_acl("user.bob", "bob lrswipkxtean alice l")
    # Of the message nothing; that it is closed to her.
    assert await watching.told() == ["Other Users/bob closed"]
    await world.add("user.bob", ())
    assert await watching.told() == []
    await world.set_acl("user.bob", "bob lrswipkxtean")
    # Taken away without MailboxName being wanted, which is not the same as deleted (RFC 5465 §5.9).
    assert await watching.told() == ["Other Users/bob closed"]
    await world.add("user.bob", ())
    assert await watching.told() == []
    await world.set_acl("user.bob", "bob lrswipkxtean alice lr")
    # Open again: what came meanwhile is told at once.
    assert await watching.told() == ["Other Users/bob", "Other Users/bob: 3 MESSAGE_NEW|MESSAGE_EXPUNGE"]
    await world.add("user.bob", ())
    assert await watching.told() == ["Other Users/bob: 4 MESSAGE_NEW"]


async def test_what_is_deleted_is_not_told_where_names_are_not_wanted(world: World, tmp_path: Path) -> None:
    await world.create("user.alice.Work", "alice lrswipkxtean")
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, NEW))
    await mailboxes.delete(world.store, world.user("alice"), name("user.alice.Work"))
    assert await watching.told() == []


async def test_names_come_and_go_with_rights(world: World, tmp_path: Path) -> None:
    watching = await Watching.of(world, tmp_path, interest(SUBTREE, NAME, ""))
    await world.set_acl("user.bob", "bob lrswipkxtean alice l")
    assert await watching.told() == ["Other Users/bob closed", "Other Users gone above"]
    await world.set_acl("user.bob", "bob lrswipkxtean alice lr")
    assert await watching.told() == ["Other Users/bob"]
    await world.set_acl("user.bob", "bob lrswipkxtean alice r")
    assert await watching.told() == ["Other Users/bob gone", "Other Users gone"]
    await world.create("user.bob.Work", "bob lrswipkxtean")
    assert await watching.told() == []


async def test_groups_that_change_are_told_by_what_they_open(world: World, tmp_path: Path) -> None:
    await world.create("board", "group:staff lr")
    watching = await Watching.of(world, tmp_path, interest(SUBTREE, NAME | NEW, ""))
    watching.actor = replace(watching.actor, groups=frozenset({"staff"}))
    assert await watching.told() == ["Shared Folders/board", "Shared Folders gone above"]
    await world.add("board", ())
    assert await watching.told() == ["Shared Folders/board: 1 MESSAGE_NEW"]
    watching.actor = replace(watching.actor, groups=frozenset())
    assert await watching.told() == ["Shared Folders/board gone", "Shared Folders gone"]


async def test_a_tree_is_renamed_by_its_top(world: World, tmp_path: Path) -> None:
    for mailbox in ("a", "a.b", "a.b.c", "x"):
        await world.create(f"user.alice.{mailbox}", "alice lrswipkxtean")
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, NAME))
    alice = world.user("alice")
    await mailboxes.rename(world.store, alice, name("user.alice.a"), name("user.alice.z"))
    await mailboxes.rename(world.store, alice, name("user.alice.x"), name("user.alice.z.b.x"))
    assert sorted(await watching.told()) == ["z above was a", "z/b/x was x"]


async def test_what_parts_from_a_tree_is_told_before_the_tree_takes_it_along(world: World, tmp_path: Path) -> None:
    for mailbox in ("a", "a.b", "a.b.c", "a.d"):
        await world.create(f"user.alice.{mailbox}", "alice lrswipkxtean")
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, NAME))
    alice = world.user("alice")
    await mailboxes.rename(world.store, alice, name("user.alice.a.b.c"), name("user.alice.a.x"))
    await mailboxes.rename(world.store, alice, name("user.alice.a.d"), name("user.alice.a.b.d"))
    await mailboxes.rename(world.store, alice, name("user.alice.a"), name("user.alice.g"))
    told = await watching.told()
    assert sorted(told[:2]) == ["g/b/d was a/d", "g/x was a/b/c"]
    assert [each.split(" ")[0] for each in told[2:]] == ["g"]


async def test_the_old_name_of_what_was_hidden_is_not_told(world: World, tmp_path: Path) -> None:
    await world.create("user.bob.secret", "bob lrswipkxtean")
    await world.create("user.bob.plain", "bob lrswipkxtean alice lr")
    watching = await Watching.of(world, tmp_path, interest(SUBTREE, NAME, "Other Users/bob/open"))
    bob = world.user("bob")
    await mailboxes.rename(world.store, bob, name("user.bob.secret"), name("user.bob.open.a"))
    await mailboxes.rename(world.store, bob, name("user.bob.plain"), name("user.bob.open.b"))
    await world.set_acl("user.bob.open.a", "bob lrswipkxtean alice lr")
    told = [each for each in await watching.told() if each.startswith("Other Users/bob/open/")]
    # Neither that of the other, whose account she does not watch before.
    assert told == ["Other Users/bob/open/a", "Other Users/bob/open/b"]


async def test_inbox_that_is_renamed_stays(world: World, tmp_path: Path) -> None:
    await world.add("user.alice", ())
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, NAME))
    await mailboxes.rename(world.store, world.user("alice"), name("user.alice"), name("user.alice.old"))
    assert await watching.told() == ["old was INBOX"]


async def test_a_mailbox_that_moves_to_another_account_stays_the_same(world: World, tmp_path: Path) -> None:
    await world.set_acl("user.bob", "bob lrswipkxtean alice lrswipkxtean")
    await world.create("user.alice.Work", "alice lrswipkxtean")
    await world.add("user.alice.Work", ())
    watching = await Watching.of(world, tmp_path, interest(SUBTREE, NAME | FLAGS, ""))
    await mailboxes.rename(world.store, world.user("alice"), name("user.alice.Work"), name("user.bob.Work"))
    told = await watching.told()
    assert told[0] == "Other Users/bob/Work was Work"
    assert told[1].startswith("Other Users/bob/Work: 1 ")
    assert told[2:] == []
    await world.add("user.bob.Work", ())
    assert await watching.told() == ["Other Users/bob/Work: 2 MESSAGE_NEW"]


async def test_a_rename_into_and_out_of_what_is_watched(world: World, tmp_path: Path) -> None:
    await world.create("user.alice.in", "alice lrswipkxtean")
    await world.create("user.alice.out", "alice lrswipkxtean")
    watching = await Watching.of(world, tmp_path, interest(SUBTREE, NAME, "in"))
    alice = world.user("alice")
    await mailboxes.rename(world.store, alice, name("user.alice.out"), name("user.alice.in.out"))
    assert await watching.told() == ["in/out was out"]
    await mailboxes.rename(world.store, alice, name("user.alice.in.out"), name("user.alice.gone"))
    assert await watching.told() == ["gone was in/out"]


async def test_what_is_above_is_affected_where_it_is_watched(world: World, tmp_path: Path) -> None:
    alice = world.user("alice")
    await world.create("user.alice.a", "alice lrswipkxtean")
    watching = await Watching.of(world, tmp_path, interest(SUBTREE, NAME, "a"))
    await mailboxes.create(world.store, alice, name("user.alice.a.b.c"))
    assert await watching.told() == ["a/b above", "a/b/c", "a above"]
    await mailboxes.delete(world.store, alice, name("user.alice.a.b.c"))
    assert await watching.told() == ["a/b/c gone", "a/b"]
    await mailboxes.create(world.store, alice, name("user.alice.d"))
    assert await watching.told() == []


async def test_another_mailbox_of_the_same_name_has_another_uidvalidity(world: World, tmp_path: Path) -> None:
    alice = world.user("alice")
    await world.create("user.alice.Work", "alice lrswipkxtean")
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, FLAGS))
    await mailboxes.delete(world.store, alice, name("user.alice.Work"))
    await mailboxes.create(world.store, alice, name("user.alice.Work"))
    (change,) = await watching.changes()
    row = (await world.found("user.alice.Work")).row
    assert change.external == "Work"
    assert change.status.uidvalidity == row.uidvalidity  # type: ignore[union-attr]


async def test_subscriptions_decide_what_is_watched(world: World, tmp_path: Path) -> None:
    alice = world.user("alice")
    await world.create("user.alice.Work", "alice lrswipkxtean")
    watching = await Watching.of(world, tmp_path, interest(SUBSCRIBED, NEW | NAME | Event.SUBSCRIPTION_CHANGE))
    await world.add("user.alice.Work", ())
    assert await watching.told() == []
    await mailboxes.subscribe(world.store, alice, name("user.alice.Work"))
    assert await watching.told() == ["Work subscribed", "Work: 1 MESSAGE_NEW|MESSAGE_EXPUNGE"]
    await world.add("user.alice.Work", ())
    assert await watching.told() == ["Work: 2 MESSAGE_NEW"]
    await mailboxes.unsubscribe(world.store, alice, name("user.alice.Work"))
    assert await watching.told() == ["Work"]
    await world.add("user.alice.Work", ())
    assert await watching.told() == []
    # A subscription outlives its mailbox, and meets it again.
    await mailboxes.subscribe(world.store, alice, name("user.alice.Work"))
    assert await watching.told() == ["Work subscribed", "Work: 3 MESSAGE_NEW|MESSAGE_EXPUNGE"]
    await mailboxes.delete(world.store, alice, name("user.alice.Work"))
    assert await watching.told() == ["Work gone subscribed"]
    await mailboxes.create(world.store, alice, name("user.alice.Work"))
    assert await watching.told() == ["Work subscribed"]


async def test_ones_own_work_is_not_told(world: World, tmp_path: Path) -> None:
    await world.create("user.alice.Work", "alice lrswipkxtean")
    everything = NEW | NAME | Event.SUBSCRIPTION_CHANGE | Event.MAILBOX_METADATA_CHANGE | Event.SERVER_METADATA_CHANGE
    watching = await Watching.of(world, tmp_path, interest(SUBTREE, everything, ""))
    alice, store = watching.actor, world.store
    await mailboxes.create(store, alice, name("user.alice.a"))
    await mailboxes.rename(store, alice, name("user.alice.a"), name("user.alice.b"))
    await mailboxes.subscribe(store, alice, name("user.alice.b"))
    await mailboxes.delete(store, alice, name("user.alice.b"))
    work = await world.found("user.alice.Work")
    own = (AnnotationChange("/comment", None, b"x"),)
    await world.engine.write(work.account, SetAnnotations(work.id, own, OWN))
    await world.engine.write(work.account, SetAnnotations(None, own, OWN))
    assert await watching.told() == []
    # What others did to the same things is told.
    await mailboxes.create(store, alice, name("user.alice.c"))
    await mailboxes.delete(store, world.user("alice"), name("user.alice.c"))
    await mailboxes.create(store, alice, name("user.alice.d"))
    await mailboxes.rename(store, world.user("alice"), name("user.alice.d"), name("user.alice.e"))
    assert await watching.told() == ["e was d"]


async def test_annotations_are_told_by_name(world: World, tmp_path: Path) -> None:
    watching = await Watching.of(
        world, tmp_path, interest(PERSONAL, Event.MAILBOX_METADATA_CHANGE | Event.SERVER_METADATA_CHANGE)
    )
    inbox, alice, bob = await world.found("user.alice"), world.user("alice").account, world.user("bob").account

    async def annotate(entry: str, owner: str | None, value: bytes | None, *, of_server: bool = False) -> None:
        change = AnnotationChange(entry, owner, value)  # type: ignore[arg-type]
        await world.engine.write(inbox.account, SetAnnotations(None if of_server else inbox.id, (change,), AUTHOR))

    await annotate("/comment", None, b"x")
    await annotate("/sort", alice, b"y")
    await annotate("/comment", bob, b"z")
    assert await watching.told() == ["INBOX /shared/comment /private/sort"]
    await annotate("/comment", None, None)
    assert await watching.told() == ["INBOX /shared/comment"]
    await annotate("/comment", alice, b"w", of_server=True)
    assert await watching.told() == [" /private/comment"]
    await world.engine.set_server_annotations({"/comment": b"v", "/admin": b"u"})
    assert await watching.told() == [" /shared/admin /shared/comment"]
    (tmp_path / "motd").write_text("Hello\n")
    await world.engine.set_server_annotations({"/admin": None})
    assert await watching.told() == [" /shared/admin /shared/motd"]
    watching.watch.set_by_session({"/comment": b"t"})
    await world.engine.set_server_annotations({"/comment": b"t"})
    assert await watching.told() == []


async def test_an_administrator_watches_all_users(world: World, tmp_path: Path) -> None:
    await world.set_acl("user.bob", "bob lrswipkxtean cyrus lr")
    watching = await Watching.of(world, tmp_path, interest(SUBTREE, NEW | NAME, "user"), user="cyrus")
    # She may look up what she may not read.
    assert [each.external for each in watching.beginning] == ["user/alice"]
    await world.add("user.bob", ())
    await world.add("user.alice", ())
    assert await watching.told() == ["user/bob: 1 MESSAGE_NEW"]
    await world.create("user.bob.Private", "bob lrswipkxtean")
    assert await watching.told() == ["user/bob/Private closed", "user/bob above"]
    await world.add_user("carol")
    assert await watching.told() == ["user/carol closed", "user gone above"]
    await mailboxes.delete(world.store, world.user("bob"), name("user.bob.Private"))
    assert await watching.told() == ["user/bob/Private gone", "user/bob"]


async def test_too_many_mailboxes_are_refused_now_or_later(world: World, tmp_path: Path) -> None:
    for number in range(3):
        await world.create(f"user.alice.{number}", "alice lrswipkxtean")
    with pytest.raises(NotificationOverflow):
        await Watching.of(world, tmp_path, interest(PERSONAL, NEW), mailboxes_max=3)
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, NEW), mailboxes_max=4)
    await world.create("user.alice.3", "alice lrswipkxtean")
    with pytest.raises(NotificationOverflow):
        await watching.changes()


async def test_more_than_can_be_looked_through_may_be_anything(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("angarium.operations.notifications.history._LINES", 5)
    await world.create("user.alice.Work", "alice lrswipkxtean")
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, NEW))
    exact = await Watching.of(world, tmp_path, interest(PERSONAL, NEW | Event.MAILBOX_METADATA_CHANGE))
    for _ in range(5):
        await world.add("user.alice", ())
    assert await watching.told() == ["INBOX: 5 MESSAGE_NEW|MESSAGE_EXPUNGE"]
    await world.add("user.alice.Work", ())
    assert await watching.told() == ["Work: 1 MESSAGE_NEW"]
    with pytest.raises(NotificationOverflow):
        await exact.changes()


async def test_the_beginning_says_what_is_there_and_what_is_closed(world: World, tmp_path: Path) -> None:
    await world.create("board", "alice l")
    await world.create("chess", "alice lr")
    await world.add("chess", ())
    names = ("Shared Folders/board", "Shared Folders/chess", "INBOX", "nowhere")
    watching = await Watching.of(world, tmp_path, interest(MAILBOXES, FLAGS, *names))
    assert [(each.external, each.is_readable) for each in watching.beginning] == [("Shared Folders/board", False)]
    inbox = await world.found("user.alice")
    told = [status async for status in watching.watch.statuses(inbox.id)]
    assert [(each.external, each.status.messages, each.events) for each in told] == [("Shared Folders/chess", 1, FLAGS)]


async def test_a_store_that_cannot_be_read_now_loses_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, NEW | NAME))
    await world.add("user.alice", ())

    async def refuse(*_: object, **__: object) -> None:
        raise StoreBusy("not now")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "find_by_id", refuse)
        with pytest.raises(StoreBusy):
            await watching.changes()
    assert watching.watch.has_news
    assert await watching.told() == ["INBOX: 1 MESSAGE_NEW"]


async def test_a_log_that_was_pruned_meanwhile_is_no_harm(world: World, tmp_path: Path) -> None:
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, NEW))
    await world.add("user.alice", ())
    world.sources.time_s += 100
    await world.do("user.alice", PruneChanges(world.sources.time_s))
    await watching.changes()
    await world.add("user.alice", ())
    assert await watching.told() == ["INBOX: 2 MESSAGE_NEW"]


async def test_an_account_that_goes_is_watched_no_more(world: World, tmp_path: Path) -> None:
    await world.create("board", "alice lr")
    watching = await Watching.of(world, tmp_path, interest(SUBTREE, NAME, ""))
    account = (await world.found("board")).account
    assert account in watching.watch.accounts
    await world.set_acl("board", "bob lr")
    assert await watching.told() == ["Shared Folders/board gone", "Shared Folders gone"]
    assert account not in watching.watch.accounts


async def test_who_asks_of_the_server_alone_is_told_of_no_mailbox(world: World, tmp_path: Path) -> None:
    watching = await Watching.of(world, tmp_path, interest(PERSONAL, Event.SERVER_METADATA_CHANGE))
    await world.add("user.alice", ())
    await world.create("user.alice.Work", "alice lrswipkxtean")
    await world.do("user.alice", Subscribe("user.bob", AUTHOR))
    assert await watching.told() == []
