"""The table of commands."""

from hypothesis import given
from hypothesis import strategies as st
from tests.imap.feeding import feed

from angarium.imap import commands as c
from angarium.imap.dialect import EVERYTHING, SERVED, Dialect, Extension
from angarium.imap.events import AppendBegun, AppendFinished, CommandBad, CommandReceived, CommandRefused, ReplaceBegun
from angarium.imap.grammar import COMMANDS, UID_COMMANDS, Entry, is_served
from angarium.imap.handlers.table import HANDLERS
from angarium.imap.limits import ParserLimits
from angarium.imap.parser import ImapParser
from angarium.imap.states import State

ENTRIES = (*COMMANDS.values(), *UID_COMMANDS.values())
OF_ANOTHERS_NAME = {c.NotifyNone, c.StoreAnnotation}
"""NOTIFY and STORE give two kinds of command each."""


def test_every_command_has_a_name() -> None:
    named = {entry.command for entry in ENTRIES}
    assert named == {*c.Command.__args__, AppendBegun, ReplaceBegun} - OF_ANOTHERS_NAME


def test_what_is_served_has_a_handler() -> None:
    dialect = Dialect(SERVED)
    served = {entry.command for entry in ENTRIES if isinstance(entry, Entry) and is_served(entry, dialect)}
    assert served <= HANDLERS.keys()


def test_what_has_a_handler_is_served_in_some_dialect() -> None:
    named = {entry.command for entry in ENTRIES}
    assert HANDLERS.keys() - OF_ANOTHERS_NAME <= named


def test_names_and_titles_go_together() -> None:
    assert all(entry.title.upper() == name for name, entry in COMMANDS.items())
    assert {entry.title for entry in UID_COMMANDS.values()} == {b"Uid"}


def test_what_goes_by_uid_does_not_go_by_number() -> None:
    assert not any(entry.by_number for entry in UID_COMMANDS.values())
    assert {name for name, entry in COMMANDS.items() if entry.by_number} == UID_COMMANDS.keys() - {b"EXPUNGE"}


NAMES = st.sampled_from([*COMMANDS, *(b"UID " + name for name in UID_COMMANDS)])
WORDS = st.sampled_from(
    [
        *(
            b" ",
            b"(",
            b")",
            b"()",
            b'""',
            b'"x"',
            b"x",
            b"NIL",
            b"1",
            b"1:*",
            b"$",
            b"0",
            b"/a",
            b"/shared/a",
            b"value",
        ),
        *(b"RETURN", b"PARTIAL 1:2", b"PARTIAL -1:-2", b"UPDATE", b"CHARSET", b"UTF-8", b"IN", b"selected", b"subtree"),
        *(b"SET", b"STATUS", b"NONE", b"MessageNew", b"MessageExpunge", b"ANNOTATION", b"QRESYNC", b"CATENATE", b"URL"),
        *(
            b"BODY[",
            b"]",
            b"<0.1>",
            b"HEADER.FIELDS",
            b"PREVIEW",
            b"LAZY",
            b"MAXSIZE",
            b"DEPTH",
            b"USE",
            b"\\Sent",
            b"~",
        ),
        *(
            b"NOT",
            b"OR",
            b"SEEN",
            b"DATE",
            b"REVERSE",
            b"FLAGS",
            b"+FLAGS",
            b"CHANGEDSINCE",
            b"{1+}\r\nx",
            b"~{1+}\r\n\0",
        ),
    ]
)
LINES = st.tuples(NAMES, st.lists(WORDS, max_size=12)).map(lambda parts: parts[0] + b" " + b" ".join(parts[1]))


@given(LINES, st.sampled_from([EVERYTHING, Dialect(EVERYTHING.served, frozenset(Extension))]))
def test_any_arguments_are_read_or_refused(line: bytes, dialect: Dialect) -> None:
    parser = ImapParser(ParserLimits(nesting=5), state=State.SELECTED, dialect=dialect)
    events = feed(parser, b"a " + line + b"\r\nz NOOP\r\n")
    assert events[-1] == CommandReceived(b"z", c.Noop())
    assert isinstance(events[-2], CommandReceived | CommandBad | CommandRefused | AppendFinished)
