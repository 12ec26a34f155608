"""LIST, LSUB and STATUS, beyond what the transcripts say."""

import asyncio
import re
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services
from tests.store.world import AUTHOR

from angarium.engine.commands import CreateMailboxes, NewMailbox
from angarium.engine.rows import MailboxId
from angarium.errors import MailboxNotFound, PermissionDenied
from angarium.imap.services import ImapServices
from angarium.names import MailboxName
from angarium.operations import mailboxes
from angarium.rights import Acl


async def _make(services: ImapServices, names: list[str], *, special_use: str = "") -> None:
    """Mailboxes of alice, in one go."""
    store = services.store
    account = await store.account_of(MailboxName.from_internal("user.alice"))
    assert account is not None
    acl = Acl.parse_setting("alice lrswipkxtean").serialize()
    new = [NewMailbox(MailboxId(store.sources.random_id()), name, "default", acl, special_use) for name in names]
    await store.engine.write(account, CreateMailboxes(tuple(new), AUTHOR))
    await store.engine.refresh_catalogue(account)


def _answers(directory: Path, *commands: str, make: list[str] | None = None, special_use: str = "") -> list[str]:
    """What the last command is answered but for its completion."""

    async def talk() -> list[str]:
        async with open_services("memory", directory) as services:
            await _make(services, make or [], special_use=special_use)
            alice = await log_in(services, "alice")
            for command in commands:
                (*lines, completion) = await alice.ask(f"a {command}")
                assert completion.startswith("a OK Completed"), completion
                calls = re.fullmatch(r"a OK Completed \(\d\.\d{3} secs(?: (\d+) calls)?\)", completion)
                if calls is not None:
                    told = [line for line in lines if not line.startswith("* STATUS ")]
                    assert int(calls[1] or 0) == len([line for line in told if '"/" ""' not in line])
            return lines

    return asyncio.run(talk())


RECURSIVE = ["foo2", "foo2.bar1", "foo2.bar2", "baz2", "baz2.bar2", "baz2.bar22", "eps2", "eps2.mamba", "qux2.bar2"]
SUBSCRIBED = ["foo2/bar1", "foo2/bar2", "baz2/bar2", "baz2/bar22", "eps2", "eps2/mamba", "qux2/bar2"]


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        # RFC 9051 §6.3.9.8, example 8: nothing is told of baz2 and qux2, since all that is subscribed there is listed.
        (
            "*2",
            [
                r'(\Subscribed \HasNoChildren) "/" baz2/bar2',
                r'(\Subscribed \HasNoChildren) "/" baz2/bar22',
                r'(\Subscribed \HasChildren) "/" eps2 (CHILDINFO ("SUBSCRIBED"))',
                r'(\HasChildren) "/" foo2 (CHILDINFO ("SUBSCRIBED"))',
                r'(\Subscribed \HasNoChildren) "/" foo2/bar2',
                r'(\Subscribed \HasNoChildren) "/" qux2/bar2',
            ],
        ),
        (
            "%",
            [
                r'(\HasChildren) "/" baz2 (CHILDINFO ("SUBSCRIBED"))',
                r'(\Subscribed \HasChildren) "/" eps2 (CHILDINFO ("SUBSCRIBED"))',
                r'(\HasChildren) "/" foo2 (CHILDINFO ("SUBSCRIBED"))',
                r'(\NonExistent \HasChildren) "/" qux2 (CHILDINFO ("SUBSCRIBED"))',
            ],
        ),
        ("foo2/bar1", [r'(\Subscribed \HasNoChildren) "/" foo2/bar1']),
        # RFC 9051 §6.3.9.6, table 3: where there is no mailbox, too
        ("qux2", [r'(\NonExistent \HasChildren) "/" qux2 (CHILDINFO ("SUBSCRIBED"))']),
        ("*x2", [r'(\NonExistent \HasChildren) "/" qux2 (CHILDINFO ("SUBSCRIBED"))']),
        ("qux*", [r'(\Subscribed \HasNoChildren) "/" qux2/bar2']),
        ("INBOX", []),
    ],
)
def test_recursivematch_tells_of_parents_where_that_says_something(
    pattern: str, lines: list[str], tmp_path: Path
) -> None:
    subscribing = [f"SUBSCRIBE {name}" for name in SUBSCRIBED]
    command = f'LIST (RECURSIVEMATCH SUBSCRIBED) "" "{pattern}"'
    found = _answers(tmp_path, *subscribing, command, make=RECURSIVE)
    assert found == [f"* LIST {line}" for line in lines]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ('LIST "" "Dra*"', r'* LIST (\HasNoChildren \Drafts) "/" Drafts'),
        ('LIST "" "Dra*" RETURN (SUBSCRIBED)', r'* LIST (\Subscribed \HasNoChildren \Drafts) "/" Drafts'),
        ('LSUB "" "*"', r'* LSUB (\Drafts) "/" Drafts'),
    ],
)
def test_special_use_comes_last(command: str, line: str, tmp_path: Path) -> None:
    found = _answers(tmp_path, "SUBSCRIBE Drafts", command, make=["Drafts"], special_use="\\Drafts")
    assert found == [line]


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ('LIST (SUBSCRIBED) "" "*"', [r'(\NonExistent \Subscribed) "/" foo/bar']),
        ('LIST (SUBSCRIBED) "" "*" RETURN (STATUS (MESSAGES))', [r'(\NonExistent \Subscribed) "/" foo/bar']),
        ('LIST (SUBSCRIBED) "" "%"', []),
        # RFC 9051 §6.3.9.8, example 9: what tells of children, and what tells of those that are subscribed.
        ('LIST (SUBSCRIBED RECURSIVEMATCH) "" foo', [r'(\HasNoChildren) "/" foo (CHILDINFO ("SUBSCRIBED"))']),
        ('LIST (SUBSCRIBED RECURSIVEMATCH) "" "*"', [r'(\NonExistent \Subscribed) "/" foo/bar']),
        ('LIST "" "*" RETURN (SUBSCRIBED)', [r'(\HasNoChildren) "/" INBOX', r'(\HasNoChildren) "/" foo']),
    ],
)
def test_subscribed_names_without_a_mailbox_are_told(command: str, lines: list[str], tmp_path: Path) -> None:
    found = _answers(tmp_path, "SUBSCRIBE foo/bar", "DELETE foo/bar", command, make=["foo", "foo.bar"])
    assert found == [f"* LIST {line}" for line in lines]


@pytest.mark.parametrize("pattern", ["foo", "%", "f*o"])
def test_a_name_above_others_that_are_gone_has_no_children(pattern: str, tmp_path: Path) -> None:
    command = f'LIST (SUBSCRIBED RECURSIVEMATCH) "" "{pattern}"'
    found = _answers(tmp_path, "SUBSCRIBE foo/bar", "DELETE foo/bar", command, make=["foo.bar"])
    assert found == [r'* LIST (\NonExistent \HasNoChildren) "/" foo (CHILDINFO ("SUBSCRIBED"))']


def test_many_mailboxes_come_whole_and_in_order(tmp_path: Path) -> None:
    names = [f"box{number:04}" for number in range(450)]
    found = _answers(tmp_path, 'LIST "" "b*"', make=names)
    assert found == [rf'* LIST (\HasNoChildren) "/" {name}' for name in names]


def test_names_are_spelled_in_modified_utf7_and_quoted_where_they_must_be(tmp_path: Path) -> None:
    found = _answers(tmp_path, 'LIST "" "x*"', make=["x", "x R&D", "x%é".replace("%", "-"), "x(y)", "x*"])
    assert [line.split('"/" ')[1] for line in found] == ["x", '"x R&-D"', '"x(y)"', '"x*"', "x-&AOk-"]


@pytest.mark.parametrize("error", [MailboxNotFound, PermissionDenied])
def test_mailbox_that_goes_away_while_it_is_listed_is_not_described(
    error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object, **__: object) -> mailboxes.Status:
        raise error("gone")

    monkeypatch.setattr(mailboxes, "status", gone)
    found = _answers(tmp_path, 'LIST "" "*" RETURN (STATUS (MESSAGES))', make=["Work"])
    assert found == [
        r'* LIST (\Noselect \HasNoChildren) "/" INBOX',
        r'* LIST (\Noselect \HasNoChildren) "/" Work',
    ]


@pytest.mark.parametrize("command", ['LIST "&" "*"', 'LIST "" "&"', 'LSUB "" "&AGE-*"', 'LIST "" ("&" "nosuch")'])
def test_pattern_that_spells_no_name_matches_none(command: str, tmp_path: Path) -> None:
    assert _answers(tmp_path, command) == []


@pytest.mark.parametrize("command", ["STATUS INBOX (HIGHESTMODSEQ)", 'LIST "" % RETURN (STATUS (HIGHESTMODSEQ))'])
def test_asking_for_highestmodseq_shows_knowledge_of_condstore(command: str, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a SELECT INBOX")
            first, second = await alice.ask(f"a {command}"), await alice.ask(f"a {command}")
            assert re.fullmatch(r"\* OK \[HIGHESTMODSEQ \d+\] CONDSTORE enabled by STATUS .*", first[0])
            assert first[1:-1] == second[:-1]
            assert alice.session.condstore

    asyncio.run(talk())
