"""Where something is filed: a mailbox by name, special use or id, with flags.

The arguments of `fileinto`, of `:fcc` and of `snooze`: RFC 5228 §4.1, RFC 5232 §5, RFC 5490 §3.2, RFC 8579 §4,
RFC 8580 §3, RFC 9042 §4.
"""

import re
from collections.abc import Callable

from angarium.sieve.actions import FileCarbonCopy
from angarium.sieve.arguments import Arguments
from angarium.sieve.flags import FLAGS_TAG, flags_in
from angarium.sieve.run import Run
from angarium.sieve.specification import Kind, Tag
from angarium.sieve.text import Text

CREATE_TAG = Tag("create", ("mailbox",))
SPECIAL_USE_TAG = Tag("specialuse", ("special-use",), Kind.STRING, group="mailbox")
MAILBOX_ID_TAG = Tag("mailboxid", ("mailboxid",), Kind.STRING, group="mailbox")
# RFC 9042 §4.2: one of both.
TARGET_TAGS = (CREATE_TAG, SPECIAL_USE_TAG, MAILBOX_ID_TAG)

FCC_TAGS = (Tag("fcc", ("fcc",), Kind.STRING), FLAGS_TAG, *TARGET_TAGS)
"""Of the commands that send something of their own."""

Target = Callable[[Run], FileCarbonCopy]

_USE = re.compile(r'\\[^\x00-\x20\x7f-\U0010ffff(){%*"\\\]]+')
"""RFC 6154 §6, use-attr."""


def target_of(arguments: Arguments, mailbox: Text | None) -> Target:
    """What the tags of a target ask for, with a mailbox by name, or the empty name for none; its flags are those of
    `:flags` alone."""
    if mailbox is not None:
        if mailbox.constant == "":
            raise arguments.wrong("the name of a mailbox cannot be empty", mailbox.position)
        arguments.files_into(mailbox, creates=arguments.has("create"))
    create = arguments.has("create")
    special_use = arguments.tag_parsed("specialuse", lambda text: text if is_use(text) else None, _not_a_use)
    mailbox_id, flags = arguments.tag_text("mailboxid"), flags_in(arguments.tag_texts("flags"))

    def target(run: Run) -> FileCarbonCopy:
        return FileCarbonCopy(
            mailbox=_mailbox(run, mailbox) if mailbox else "",
            flags=flags(run),
            create=create,
            special_use=special_use(run),
            mailbox_id=mailbox_id.value(run) if mailbox_id else None,
        )

    return target


def fcc_of(arguments: Arguments) -> Callable[[Run], FileCarbonCopy | None]:
    """Where a copy of what a command sends is to go (RFC 8580 §3)."""
    mailbox = arguments.tag_text("fcc")
    if mailbox is not None:
        return target_of(arguments, mailbox)
    other = arguments.given(*(tag.name for tag in FCC_TAGS))
    if other is not None:
        raise arguments.wrong(f'":{other}" needs ":fcc" here', arguments.position_of(other))
    return lambda _run: None


def is_use(text: str) -> bool:
    """Whether a text has the form of a special use (RFC 6154 §6), known or not."""
    return _USE.fullmatch(text) is not None


def _mailbox(run: Run, mailbox: Text) -> str:
    return mailbox.value(run) or run.fail("the name of a mailbox is empty")


def _not_a_use(text: str) -> str:
    return f'"{text[:60]}" is no special use of a mailbox, as "\\Junk" is'
