"""The language as a table: every test and command by its name, and all capabilities."""

from collections.abc import Iterable

from angarium.sieve.commands import (
    address,
    body,
    date,
    duplicate,
    editheader,
    enclose,
    enotify,
    envelope,
    environment,
    extlists,
    extracttext,
    fileinto,
    flags,
    foreverypart,
    header,
    ihave,
    include,
    keep,
    log,
    logic,
    mailbox,
    notify,
    redirect,
    reject,
    replace,
    size,
    snooze,
    spamtest,
    vacation,
    variables,
)
from angarium.sieve.specification import CommandSpecification, Specification, TestSpecification

_SPECIFICATIONS: tuple[Specification, ...] = (
    *logic.SPECIFICATIONS,
    *keep.SPECIFICATIONS,
    *header.SPECIFICATIONS,
    *address.SPECIFICATIONS,
    *size.SPECIFICATIONS,
    *fileinto.SPECIFICATIONS,
    *redirect.SPECIFICATIONS,
    *envelope.SPECIFICATIONS,
    *environment.SPECIFICATIONS,
    *variables.SPECIFICATIONS,
    *flags.SPECIFICATIONS,
    *reject.SPECIFICATIONS,
    *ihave.SPECIFICATIONS,
    *include.SPECIFICATIONS,
    *vacation.SPECIFICATIONS,
    *enotify.SPECIFICATIONS,
    *notify.SPECIFICATIONS,
    *mailbox.SPECIFICATIONS,
    *extlists.SPECIFICATIONS,
    *duplicate.SPECIFICATIONS,
    *snooze.SPECIFICATIONS,
    *log.SPECIFICATIONS,
    *body.SPECIFICATIONS,
    *date.SPECIFICATIONS,
    *editheader.SPECIFICATIONS,
    *spamtest.SPECIFICATIONS,
    *foreverypart.SPECIFICATIONS,
    *extracttext.SPECIFICATIONS,
    *replace.SPECIFICATIONS,
    *enclose.SPECIFICATIONS,
)


def _tests(specifications: Iterable[Specification]) -> dict[str, tuple[TestSpecification, ...]]:
    table: dict[str, tuple[TestSpecification, ...]] = {}
    for specification in specifications:
        if isinstance(specification, TestSpecification):
            table[specification.name] = (*table.get(specification.name, ()), specification)
    return table


def _commands(specifications: Iterable[Specification]) -> dict[str, tuple[CommandSpecification, ...]]:
    table: dict[str, tuple[CommandSpecification, ...]] = {}
    for specification in specifications:
        if isinstance(specification, CommandSpecification):
            table[specification.name] = (*table.get(specification.name, ()), specification)
    return table


TESTS = _tests(_SPECIFICATIONS)
COMMANDS = _commands(_SPECIFICATIONS)
"""By name; several of one name are told apart by the capability that a script requires."""

CAPABILITIES: tuple[str, ...] = (
    "encoded-character",
    "comparator-i;ascii-numeric",
    "fileinto",
    "reject",
    "ereject",
    "vacation",
    "vacation-seconds",
    "notify",
    "enotify",
    "include",
    "editheader",
    "vnd.cyrus.snooze",
    "envelope",
    "environment",
    "body",
    "imap4flags",
    "date",
    "ihave",
    "mailbox",
    "mboxmetadata",
    "servermetadata",
    "duplicate",
    "relational",
    "regex",
    "extlists",
    "subaddress",
    "copy",
    "index",
    "variables",
    "redirect-deliverby",
    "redirect-dsn",
    "special-use",
    "fcc",
    "mailboxid",
    "vnd.cyrus.log",
    # Those below Cyrus 3.6 does not tell.
    "comparator-i;unicode-casemap",
    "imapflags",
    "envelope-deliverby",
    "envelope-dsn",
    "spamtest",
    "spamtestplus",
    "virustest",
    "foreverypart",
    "mime",
    "extracttext",
    "replace",
    "enclose",
    "snooze",
    "imapsieve",
)
"""All that a script may require, Cyrus's in the order in which ManageSieve tells them there."""

ALWAYS_AVAILABLE = frozenset({"comparator-i;octet", "comparator-i;ascii-casemap"})
"""RFC 5228 §2.7.3: these comparators can be required, and need not be."""
