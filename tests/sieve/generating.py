"""Random scripts and messages, made from the table of the language so that nothing is forgotten."""

import random
from collections.abc import Sequence
from typing import TypeVar

from angarium.sieve import CAPABILITIES
from angarium.sieve.specification import CommandSpecification, Kind, Specification, Tag, Tests, TestSpecification
from angarium.sieve.table import COMMANDS, TESTS

_ADDRESSES = ("a@a.example", "Ann <ann@b.example>", "${1}@c.example", "${mail}")
_MAILBOXES = ("INBOX", "Junk", "a/b", "${1}", "lists.${x}", "Ünïcode")
_HEADERS = ("Subject", "from", "TO", "X-Spam", "${x}", "Content-Type", "Received", "date", "list-id", "no name:", "")
_ZONES = ("+0100", "-0830")
_URIS = ("mailto:a@a.example", "mailto:?to=b@b.example", "mailto:", "xmpp:a@b", "${x}")
_LISTS = (":addrbook:default", "tag:example.com,2011:x", "${x}")

_STRINGS: dict[str, Sequence[str]] = {
    "address": _ADDRESSES,
    "address header names": ("From", "to", "${x}", "Cc", "reply-to"),
    "addresses": _ADDRESSES,
    "annotation": ("/private/comment", "/shared/x", "${x}"),
    "bymode": ("notify", "return", "RETURN"),
    "bytimeabsolute": ("2026-11-21T22:00:00Z", "2026-11-21T22:00:00+01:00"),
    "capabilities": ("fileinto", "klingon", "comparator-i;octet", "variables"),
    "capability": ("online", "fcc", "colour"),
    "comparator": ("i;octet", "i;ascii-casemap", "i;ascii-numeric", "i;unicode-casemap"),
    "content": ("text", "text/html", "multipart", "message/rfc822", "${x}", ""),
    "count": ("gt", "ge", "lt", "le", "eq", "ne"),
    "date part": ("year", "month", "day", "weekday", "hour", "zone", "iso8601", "std11", "julian", "date", "time"),
    "envelope parts": ("from", "to", "auth", "${x}", "orcpt", "notify", "bytimerelative", "bytrace"),
    "field name": ("X-New", "Subject", "${x}"),
    "flags": ("\\\\Seen", "a b", "\\\\Flagged x", "${flags}", ""),
    "from": _ADDRESSES[:2],
    "global": ("x", "mail"),
    "header name": _HEADERS,
    "header names": _HEADERS,
    "importance": ("1", "2", "3"),
    "item": ("host", "location", "vnd.none", "${x}"),
    "keys": ("", "*", "a", "[*] *", "?*", "Meeting", "${x}", "(.*)", "b+", "1", "2026", "a@a.example", "-", "*a*b*"),
    "lists": _LISTS,
    "mailbox": _MAILBOXES,
    "mailboxes": _MAILBOXES,
    "mailbox ids": ("F1", "${x}"),
    "method": _URIS,
    "methods": _URIS,
    "name": ("x", "mail", "flags", "global.x"),
    "names": ("y", "z"),
    "notify": ("NEVER", "SUCCESS,DELAY"),
    "options": ("a=b", "c="),
    "param": ("charset", "name", "${x}"),
    "regex": ("a+", "(b|c)*", "^x"),
    "ret": ("FULL", "HDRS"),
    "script": ("one", "two", "self", "none", "wrong"),
    "special uses": ("\\\\Junk", "\\\\Sent"),
    "specialuse": ("\\\\Junk", "\\\\Archive", "${use}"),
    "times": ("08:00:00", "23:59:59"),
    "tzid": ("Europe/Berlin", "UTC"),
    "uniqueid": ("one", "${1}", ""),
    "value": ("gt", "ge", "lt", "le", "eq", "ne", "7", "${0}", "text with ${1}"),
    "variable": ("flags", "x"),
    "variables": ("flags", "x"),
    "weekdays": ("0", "6"),
    "zone": _ZONES,
}
_COMPANIONS = {
    "anychild": ("mime",),
    "type": ("mime",),
    "subtype": ("mime",),
    "contenttype": ("mime",),
    "param": ("mime",),
    "last": ("index",),
    "bymode": ("bytimerelative", "bytimeabsolute"),
    "bytrace": ("bytimerelative", "bytimeabsolute"),
    "flags": ("fcc",),
    "create": ("fcc", "mailbox"),
    "specialuse": ("fcc",),
    "mailboxid": ("fcc",),
}
"""Tags that need one of others beside them, where a test or command knows these."""
_IN_LOOPS = frozenset({"break", "extracttext"})
_ANY_STRINGS = (
    "",
    "a",
    "some text",
    "${x}",
    "${1} and ${mail}",
    "é ü \U0001f600",
    "${hex:24 7b 31}}",
    "two\nlines",
    "${unset}",
)
_FIELDS = (
    b"Subject: [list] Meeting on Friday",
    b"Subject: =?utf-8?q?caf=C3=A9?= =?utf-8?b?4pi6?=",
    b"From: Ann <ann@a.example>",
    b"From: broken <<@>, group: a@b.example, c@d;",
    b"To: alice+lists@example.org, carol@example.com",
    b"Cc: \xff\xfe@example.net",
    b"Date: Sat, 21 Nov 2026 10:00:00 +0100",
    b"Date: yesterday",
    b"Received: from a (b [192.0.2.1]) by c; Sat, 21 Nov 2026 10:00:00 +0000",
    b"Message-ID: <one@example.net>",
    b"List-Id: Some <some.lists.example>",
    b"X-Spam: Yes, score=7.5",
    b"no field at all",
    b" a folded line",
    b"Content-Type: text/plain; charset=utf-8; name=a.txt",
    b"Content-Type: text/html; charset=klingon",
    b"Content-Type: multipart/mixed; boundary=b",
    b"Content-Type: message/rfc822",
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable",
    b"MIME-Version: 1.0",
)
_LINES = (
    b"Hello",
    b"",
    b"--b",
    b"--b--",
    b"=C3=A9",
    b"SGVsbG8=",
    b"\xff\x00\xfe",
    b"<p>text</p>",
    b"Subject: inner",
    b".",
)


_OFTEN = (
    "variables",
    "encoded-character",
    "comparator-i;ascii-numeric",
    "comparator-i;unicode-casemap",
    "include",
    "envelope-dsn",
    "envelope-deliverby",
)
_Specification = TypeVar("_Specification", CommandSpecification, TestSpecification)


class Generator:
    """Everything follows from the seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._loops = 0
        self._allowed: set[str] = set()
        self._used: set[str] = set()

    def message(self) -> bytes:
        choose = self._random.choices
        fields = choose(_FIELDS, k=self._random.randrange(8))
        lines = choose((*_LINES, *_FIELDS), k=self._random.randrange(14))
        return b"\r\n".join([*fields, b"", *lines])

    def script(self) -> str:
        """Mostly valid."""
        left_out = {self._random.choice(("enotify", "notify")), *(() if self._random.random() < 0.2 else ("ihave",))}
        self._allowed = {name for name in CAPABILITIES if name not in left_out}
        self._used = set(_OFTEN)
        block = self._block(0, self._random.randrange(1, 8))
        required = ", ".join(f'"{name}"' for name in CAPABILITIES if name in self._used)
        return f"require [{required}];\n{block}"

    def _block(self, depth: int, length: int) -> str:
        return "".join(self._statement(depth) for _ in range(length))

    def _statement(self, depth: int) -> str:
        if depth < 3 and self._random.random() < 0.4:
            text = f"if {self._test(0)} {{ {self._block(depth + 1, self._random.randrange(3))} }}\n"
            for _ in range(self._random.randrange(2)):
                text += f"elsif {self._test(0)} {{ {self._block(depth + 1, 1)} }}\n"
            return text + (f"else {{ {self._block(depth + 1, 1)} }}\n" if self._random.random() < 0.3 else "")
        specification = self._choose(_COMMANDS)
        if specification.name in _IN_LOOPS and not self._loops:
            return "keep;\n"
        text = f"{specification.name}{self._arguments(specification)}"
        if not specification.has_block:
            return f"{text};\n"
        self._loops += 1
        text += f" {{ {self._block(depth + 1, self._random.randrange(3))} }}\n"
        self._loops -= 1
        return text

    def _test(self, depth: int) -> str:
        specification = self._choose(_TESTS if depth < 3 else _PLAIN_TESTS)
        text = f"{specification.name}{self._arguments(specification)}"
        match specification.tests:
            case Tests.NONE:
                return text
            case Tests.ONE:
                return f"{text} {self._test(depth + 1)}"
            case Tests.LIST:
                return f"{text} ({', '.join(self._test(depth + 1) for _ in range(self._random.randrange(1, 4)))})"

    def _choose(self, specifications: Sequence[_Specification]) -> _Specification:
        """One that can be used by what may be required."""
        while True:
            specification = self._random.choice(specifications)
            if self._can_use(specification.capabilities):
                return specification

    def _can_use(self, capabilities: Sequence[str]) -> bool:
        """Whether one of them may be required; then it is."""
        usable = [name for name in capabilities if name in self._allowed]
        self._used.update(usable[:1])
        return bool(usable) or not capabilities

    def _arguments(self, specification: Specification) -> str:
        words = []
        for tag in self._tags(specification):
            words.append(f":{tag.name}")
            if tag.kind is not None:
                words.append(self._value(tag.name, tag.kind))
        for parameter in specification.parameters:
            if not parameter.optional or self._random.random() < 0.5:
                name = f"{specification.name} {parameter.name}"
                words.append(self._value(name if name in _STRINGS else parameter.name, parameter.kind))
        return "".join(f" {word}" for word in words)

    def _tags(self, specification: Specification) -> list[Tag]:
        if specification.name == "size":
            return [self._random.choice(specification.tags)]
        if self._random.random() < 0.3:
            return []
        chance = 0.25 if len(specification.tags) < 6 else 0.12
        groups: set[str] = set()
        tags = []
        for tag in self._random.sample(specification.tags, len(specification.tags)):
            if self._random.random() < chance and (not tag.group or tag.group not in groups):
                groups.add(tag.group)
                tags.append(tag)
        names = {tag.name for tag in specification.tags}
        given = {tag.name for tag in tags}
        return [tag for tag in tags if self._stands(tag, names, given)]

    def _stands(self, tag: Tag, names: set[str], given: set[str]) -> bool:
        """Whether what a tag needs beside it is there, and itself wanted; seldom it stands without."""
        if tag.name == "comparator" and "list" in given:
            return False
        needed = [name for name in _COMPANIONS.get(tag.name, ()) if name in names]
        if needed and not any(name in given for name in needed) and self._random.random() > 0.02:
            return False
        return self._can_use(tag.capabilities)

    def _value(self, name: str, kind: Kind) -> str:
        if kind is Kind.NUMBER:
            return self._random.choice(("1", "2", "7", "60", "100K"))
        pool = _STRINGS.get(name, _ANY_STRINGS)
        if self._random.random() < 0.02:
            pool = _ANY_STRINGS
        if kind is Kind.STRING or self._random.random() < 0.5:
            return f'"{self._random.choice(pool)}"'
        return "[" + ", ".join(f'"{each}"' for each in self._random.choices(pool, k=self._random.randrange(1, 4))) + "]"


_COMMANDS: Sequence[CommandSpecification] = [each for found in COMMANDS.values() for each in found]
_TESTS: Sequence[TestSpecification] = [each for found in TESTS.values() for each in found]
_PLAIN_TESTS = [each for each in _TESTS if each.tests is Tests.NONE]
