"""Names of an account: relative and full, and what is below what."""

from dataclasses import replace

import pytest
from tests.store.test_view import ROW

from angarium.engine.rows import AccountId, MailboxId, ModSeq
from angarium.names import MailboxName
from angarium.store import AccountTree
from angarium.store.tree import full_name, relative_name, tree_entry


def _name(internal: str) -> MailboxName:
    return MailboxName.from_internal(internal)


@pytest.mark.parametrize(
    ("account", "relative", "deleted_at_s", "full"),
    [
        ("user.ann", "", None, "user.ann"),
        ("user.ann", "work.2026", None, "user.ann.work.2026"),
        ("user.ann", "a^b.c", None, "user.ann.a^b.c"),
        ("user.a^nn", "work", None, "user.a^nn.work"),
        ("example.com!user.ann", "work", None, "example.com!user.ann.work"),
        ("board", "", None, "board"),
        ("board", "sub", None, "board.sub"),
        ("user.ann", "6553F100", 0x6553F100, "DELETED.user.ann.6553F100"),
        ("user.ann", "work.a^b.6553F100", 0x6553F100, "DELETED.user.ann.work.a^b.6553F100"),
        ("example.com!board", "sub.6553F100", 0x6553F100, "example.com!DELETED.board.sub.6553F100"),
    ],
)
def test_relative_names_and_full_ones(account: str, relative: str, deleted_at_s: int | None, full: str) -> None:
    found = full_name(_name(account), relative, deleted_at_s=deleted_at_s, deletedprefix="DELETED")
    assert found.internal == full
    assert relative_name(found, _name(account), deletedprefix="DELETED") == relative


def _tree(*relatives: str, deleted: tuple[str, ...] = ()) -> AccountTree:
    rows = [replace(ROW, id=MailboxId(relative), name=relative) for relative in relatives]
    rows += [
        replace(ROW, id=MailboxId(each), name=each, deleted_at_s=int(each.rpartition(".")[2], 16)) for each in deleted
    ]
    entries = [tree_entry(_name("user.ann"), row, deletedprefix="DELETED") for row in rows]
    return AccountTree(AccountId("a" * 24), _name("user.ann"), ModSeq(1), entries)


def test_below_is_by_whole_components_and_without_deleted_ones() -> None:
    tree = _tree("", "work", "works", "work.a", "work.a.b", "Work", deleted=("work.c.6553F100",))
    assert [entry.row.name for entry in tree.below(_name("user.ann.work"))] == ["work.a", "work.a.b"]
    assert len(tree.below(_name("user.ann"))) == 5
    assert [entry.row.name for entry in tree.deleted()] == ["work.c.6553F100"]


def test_nearest_parent_is_the_nearest_that_exists() -> None:
    tree = _tree("", "work")
    for internal, parent in (("user.ann.work.a.b", "work"), ("user.ann.x.y", ""), ("user.ann.workers", "")):
        entry = tree.nearest_parent(_name(internal))
        assert entry is not None
        assert entry.row.name == parent
    assert tree.nearest_parent(_name("user.ann")) is None


def test_names_are_found_in_either_spelling_of_a_letter() -> None:
    tree = _tree("", "Caf\u00e9")
    entry = tree.find(_name("user.ann.Cafe\u0301"))
    assert entry is not None
    assert tree.by_id(entry.row.id) is entry
    assert tree.find(_name("user.ann.cafe")) is None
