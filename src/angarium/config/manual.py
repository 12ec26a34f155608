"""The manual page of imapd.conf, made from the table of options: `python -m angarium.config.manual`."""

import sys
from collections.abc import Iterator
from typing import Final

from .option import Option, Scope, options_of
from .recognised import FORMS, OLD_NAMES, RECOGNISED
from .table import SUBSYSTEMS

_DEFAULTS: Final = {
    "": "empty",
    "{required}": "none, it must be set",
    "{partition}": "see below",
    "{hostname}": "the name of the machine",
    "{cores}": "the number of processor cores",
}

_INTRODUCTION: Final = """\
# imapd.conf

<!-- Made from the table of options by `python -m angarium.config.manual`; changes belong there. -->

One setting a line, `option: value`. The case of option names does not matter. Empty lines and lines that begin with
`#` are left out. A backslash at the end of a line joins the next one to it, with nothing between. `@include: file`
reads another file at this point; a relative path counts from the directory of the file that has the line. Files are
UTF-8.

The name of a service in cyrus.conf and an underscore may stand before an option: `imaps_allowplaintext: yes` holds for
the service `imaps` alone. Options that say *the whole server* cannot be set so. An option may be set once for all, and
once for each service, but for those that say otherwise.

| type | what may be written |
| --- | --- |
| switch | `yes`, `on`, `true`, `t`, `1`, or `no`, `off`, `false`, `f`, `0` |
| duration | `1d2h30m10s`, with `w`, `d`, `h`, `m`, `s`; a number alone counts the unit that stands with the option |
| size | `10M`, with `K`, `M`, `G` (powers of 1024); a number alone counts the unit that stands with the option |
| choice | one of the words that are listed; where `on` or `off` is among them, other spellings of a switch mean it |
| choices, words | words separated by spaces |
| networks | addresses and networks such as `192.0.2.7` or `2001:db8::/32`, separated by spaces |
| path | an absolute path; `{configdirectory}` in a value stands for that directory |

A value that cannot be used stops the start, with one line for each: file, line, option, and what is allowed. An option
that Cyrus has and Angarium does not obey is accepted, and a line in the log says so, unless its value is known to ask
for nothing; see the end of this page. A name that neither knows is accepted too, with a warning. At HUP the file is
read again; if it cannot be used, the old settings hold.

A minimal file:

    configdirectory: /var/lib/angarium
    partition-default: /var/spool/angarium
    admins: cyrus

Options marked *added* are Angarium's own; Cyrus does not know them. A running server goes on by the values that it was
started with of those marked *restart*; `option_needs_restart` in its log names those that have others in the file.
"""

_HEADINGS: Final = {
    "directories": "Directories",
    "server": "Server and processes",
    "log": "Logging",
    "auth": "Logins",
    "verifiers": "Where passwords are checked",
    "kerberos": "Kerberos",
    "sql": "SQL",
    "ldap": "LDAP",
    "oauth": "OAuth",
    "tls": "TLS",
    "namespace": "Mailbox names",
    "acl": "Rights",
    "annotations": "Annotations",
    "mailboxes": "Mailboxes and messages",
    "imap": "IMAP",
    "lmtp": "LMTP",
    "pop3": "POP3",
    "delivery": "Delivery",
    "sieve": "Sieve",
    "outgoing": "Outgoing mail",
    "autocreate": "New users",
    "hooks": "Virus scan and annotators",
    "events": "Events",
    "quota": "Quotas",
    "limits": "Limits",
    "engine": "Index files, queues and caches",
}

_PARTITIONS: Final = """\
### partition-NAME

path · default: none, at least one must be set · *the whole server* · *restart*

The directory of the partition NAME (letters and digits), where message files are. No two partitions have the same.
"""

_SPECIAL_USES: Final = """\
### xlist-FLAG

text · default: unset · *the whole server*

The one of `autocreate_inbox_folders` that gets the special use FLAG when it is made, as in `xlist-drafts: Drafts`. The
uses are those of `CREATE`, and FLAG is in any case.
"""


def manual() -> Iterator[str]:
    """The page, in pieces that end with a newline."""
    yield _INTRODUCTION
    for subsystem, settings_class in SUBSYSTEMS.items():
        yield f"\n## {_HEADINGS[subsystem]}\n"
        if subsystem == "directories":
            yield f"\n{_PARTITIONS}"
        for option in options_of(settings_class):
            yield f"\n{_describe(option)}"
        if subsystem == "autocreate":
            yield f"\n{_SPECIAL_USES}"
    yield from _old_names()
    yield from _recognised_names()


def _describe(option: Option) -> str:
    kind = option.kind
    facts = [f"{kind.name}, in {kind.unit}" if kind.unit else kind.name, f"default: {_default(option)}"]
    if option.scope is Scope.SERVER:
        facts.append(f"*{option.scope.value}*")
    if option.added:
        facts.append("*added*")
    if option.at_start:
        facts.append("*restart*")
    allowed = "" if kind.name in ("switch", "path", "duration") else f"\n\nAllowed: {kind.allowed}."
    return f"### {option.name}\n\n{' · '.join(facts)}\n\n{option.meaning}{allowed}\n"


def _default(option: Option) -> str:
    if option.default is None:
        return "unset"
    return _DEFAULTS.get(option.default) or f"`{option.default}`"


def _old_names() -> Iterator[str]:
    yield "\n## Old names\n\nThey are accepted, and logged as such.\n"
    yield "\n| old | now | since version |\n| --- | --- | --- |\n"
    for old, new in OLD_NAMES.items():
        yield f"| `{old}` | `{new.name}` | {new.since or 'old manuals only'} |\n"


def _recognised_names() -> Iterator[str]:
    for served_later, heading in ((True, "Accepted, without effect yet"), (False, "Accepted, without meaning here")):
        yield f"\n## {heading}\n\n| why | options |\n| --- | --- |\n"
        reasons: dict[str, list[str]] = {}
        for name, recognised in RECOGNISED.items():
            if recognised.served_later is served_later:
                reasons.setdefault(recognised.why, []).append(f"`{name}`")
        for form in FORMS:
            if form.recognised.served_later is served_later:
                reasons.setdefault(form.recognised.why, []).append(f"`{form.shown}`")
        for why, names in reasons.items():
            yield f"| {why} | {' '.join(names)} |\n"


if __name__ == "__main__":
    sys.stdout.writelines(manual())
