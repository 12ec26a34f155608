"""An IMAP client that takes in all it is told, and finds what contradicts itself; what it says is its heirs' affair."""

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random

from tests.server.census import Census
from tests.server.clientmodel import (
    Contradiction,
    Flags,
    Floors,
    Ledger,
    Picture,
    Told,
    UidPicture,
    check,
    parse_fetch,
)
from tests.server.imapwire import ImapWire, Response, Status, parse_uids, parse_values
from tests.server.resyncing import ModSeqKeeper
from tests.server.running import User
from tests.server.searchmodel import parse_esearch

MOVED = frozenset({"NONEXISTENT", "TRYCREATE", "UNAVAILABLE"})
"""What is answered where a mailbox has another name now, or is gone, or where names change too fast."""
EXPUNGED = frozenset({"EXPUNGEISSUED"})


class Fate(Enum):
    """What becomes of a name while clients use it."""

    STAYS = auto()
    ROAMS = auto()
    """The mailbox gets other names."""
    DIES = auto()
    """It is deleted, and another one made."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as one user names it."""

    key: str
    """The same for all users; of a name that does not stay, that of the account: UIDVALIDITY makes it one."""
    name: str
    is_own: bool = False
    """Nobody else changes it, so that every flag in it is known."""
    fate: Fate = Fate.STAYS

    def key_of(self, uidvalidity: int) -> str:
        """The key of the mailbox that has this name and UIDVALIDITY."""
        return self.key if self.fate is Fate.STAYS else f"{self.key}.{uidvalidity}"


@dataclass(frozen=True, slots=True)
class Manner:
    """What a client makes use of."""

    knows: str = ""
    """Nothing, CONDSTORE or QRESYNC."""
    uid_only: bool = False
    is_rev2: bool = False
    compresses: bool = False
    notifies: bool = False
    """It is told of changes in the selected mailbox at any time, but for expunges."""

    @property
    def enabled(self) -> str:
        return " ".join([*self.knows.split(), *["UIDONLY"] * self.uid_only, *["IMAP4rev2"] * self.is_rev2])

    @property
    def vanishes(self) -> bool:
        """Whether it is told of expunges by VANISHED."""
        return self.uid_only or self.knows == "QRESYNC"


class MailboxGone(Exception):
    """The selected mailbox was deleted, and the server has said goodbye."""


@dataclass(slots=True)
class Answers:
    """What a command was answered."""

    tag: str
    status: Status
    fetched: set[int] = field(default_factory=set)
    """Identities of the messages whose flags were told with it."""
    numbered: set[int] = field(default_factory=set)
    """Those whose MODSEQ was."""
    vanished: set[int] = field(default_factory=set)
    """UIDs of VANISHED (EARLIER)."""
    untagged: list[Response] = field(default_factory=list)
    """What is no news of the selected mailbox."""

    @classmethod
    def begun(cls, tag: str) -> "Answers":
        """Nothing was answered yet."""
        return cls(tag, Status("", "", b"", b""))


@dataclass(frozen=True, slots=True)
class Known:
    """What clients know together."""

    ledger: Ledger
    census: Census


class TalkingClient:
    """One connection, and what its client knows."""

    def __init__(
        self, wire: ImapWire, user: User, number: int, *, mailboxes: Sequence[Mailbox], known: Known, manner: Manner
    ) -> None:
        self.wire = wire
        self.number = number
        self.manner = manner
        self.user = user
        self._mailboxes = mailboxes
        self._ledger = known.ledger
        self._census = known.census
        self._random = Random(0)
        self._picture: Picture | None = None
        self._mailbox = mailboxes[0]
        self._following: tuple[Mailbox, Picture] | None = None
        """What is selected behind CLOSED; before it all is of the mailbox that was selected until then."""
        self._uidvalidity = 0
        self._modseq = ModSeqKeeper()
        self._was_dismissed = False
        """The server has said goodbye."""

    @property
    def selected(self) -> str:
        """The key of the selected mailbox; empty for none."""
        return self._picture.mailbox if self._picture is not None else ""

    def _is_dismissed(self) -> bool:
        return self._was_dismissed

    @property
    def _messages(self) -> list[Told]:
        assert self._picture is not None
        return self._picture.messages

    def log_in(self) -> None:
        self._was_dismissed = False
        check(self.wire.receive().octets.startswith(b"OK "), "the greeting is not OK")
        self._command(f"LOGIN {self.user.name} {self.user.password}")
        if self.manner.compresses:
            self._command("COMPRESS DEFLATE")
            self.wire.compress()
        if self.manner.enabled:
            self._command(f"ENABLE {self.manner.enabled}")
        if self.manner.notifies:
            self._command("NOTIFY SET (selected-delayed (MessageNew (UID FLAGS) MessageExpunge FlagChange))")

    def _new_picture(self, key: str) -> Picture:
        return UidPicture(key) if self.manner.uid_only else Picture(key)

    def _observe(self, key: str, floors: Floors, *, uidnext: int, highestmodseq: int) -> None:
        self._ledger.observe(uidnext, key, "UIDNEXT", floors=floors)
        # Each user has her own, since \Seen is.
        self._ledger.observe(highestmodseq, key, "HIGHESTMODSEQ", self.user.name, floors=floors)

    # Commands

    def _command(
        self,
        text: str,
        *,
        literal: bytes = b"",
        keeps_numbers: bool = False,
        refusals: Iterable[str] = (),
        ends: bool = False,
        outlives: bool = False,
    ) -> Answers:
        """Send, and take in what comes until the tagged answer.

        MailboxGone where none comes, since the selected mailbox has gone. What was done is answered all the same:
        then it is raised as well, unless the answer `outlives` the mailbox.
        """
        answers = Answers.begun(self.wire.new_tag())
        tagged = self._converse(
            f"{answers.tag} {text}\r\n".encode() + (literal + b"\r\n" if literal else b""),
            answers,
            keeps_numbers=keeps_numbers,
        )
        self._note_tagged(tagged.status)
        if ends or self._was_dismissed:
            self._picture = self._following = None
        status = tagged.status
        if self._picture is not None and self._mailbox.fate is Fate.DIES:
            refusals = {*refusals, *MOVED}  # it was deleted before the command, and the goodbye is under way
        if not (status is not None and status.condition == "NO" and status.code in refusals):
            self._refuse_unless_ok(tagged, text)
        if self._was_dismissed and not outlives:
            raise MailboxGone
        assert status is not None
        answers.status = status
        return answers

    def _converse(self, octets: bytes, answers: Answers, *, keeps_numbers: bool = False) -> Response:
        """Send, and take in responses up to the tagged one."""
        with self._in_what_may_die():
            self.wire.send(octets)
            while (response := self.wire.receive()).tag != answers.tag:
                if response.tag == "*":
                    self._take(response, answers, keeps_numbers=keeps_numbers)
        return response

    @contextlib.contextmanager
    def _in_what_may_die(self) -> Iterator[None]:
        """Where the server closes the connection behind its goodbye, that is MailboxGone."""
        try:
            yield
        except ConnectionError as error:
            # With NOTIFY the goodbye may come before the command, and be lost with the connection.
            is_dying = self._picture is not None and self._mailbox.fate is Fate.DIES
            if not self._was_dismissed and not (self.manner.notifies and is_dying):
                raise
            self._was_dismissed = True
            self._picture = self._following = None
            raise MailboxGone from error

    def _note_tagged(self, status: Status | None) -> None:
        if status is not None and status.code == "HIGHESTMODSEQ":
            self._modseq.told(int(status.argument))
        self._modseq.tagged()

    def _refuse_unless_ok(self, response: Response, text: str) -> None:
        check(response.octets.startswith(b"OK "), f"{text} was answered {response.octets!r}")

    # What it is told

    def _take(self, response: Response, answers: Answers, *, keeps_numbers: bool = False) -> None:
        number, word = response.number or (0, "")
        if self.manner.is_rev2:
            check(word != "RECENT", "RECENT after ENABLE IMAP4rev2")
            check(not response.octets.startswith(b"SEARCH"), "SEARCH after ENABLE IMAP4rev2")
        if response.octets.startswith(b"VANISHED "):
            self._take_vanished(response, answers, keeps_numbers=keeps_numbers)
        elif self._picture is None or word not in ("EXISTS", "EXPUNGE", "FETCH", "UIDFETCH"):
            self._take_status(response, answers)
        elif word == "EXISTS":
            self._picture.exists(number)
        elif word == "EXPUNGE":
            check(not self.manner.vanishes, f"EXPUNGE after ENABLE {self.manner.enabled}")
            check(not keeps_numbers, "EXPUNGE in the answer of a command by message number (RFC 9051 §7.5.1)")
            check(number <= len(self._messages), f"EXPUNGE {number} of {len(self._messages)}")
            uid = self._messages[number - 1].uid
            self._picture.expunge(number)
            self._census.gone(self._picture.mailbox, [uid] if uid is not None else [])
        else:
            self._take_fetch(number, response, answers, by_uid=word == "UIDFETCH")

    def _take_status(self, response: Response, answers: Answers) -> None:
        status = response.status
        if status is not None and status.condition == "BYE":
            is_dying = self._picture is not None and self._mailbox.fate is Fate.DIES
            check(is_dying, f"goodbye, and nobody has deleted the selected mailbox: {response.octets!r}")
            self._ledger.has_died(self.selected)
            self._was_dismissed = True
            return
        check(status is None or status.condition == "OK", f"unexpected: {response.octets!r}")
        if status is not None and status.code == "HIGHESTMODSEQ":
            self._modseq.told(int(status.argument))
        if status is not None and status.code == "CLOSED" and self._following is not None:
            self._begin_picture(*self._following)
        answers.untagged.append(response)

    def _begin_picture(self, mailbox: Mailbox, picture: Picture) -> None:
        self._mailbox, self._picture, self._following = mailbox, picture, None
        self._modseq = ModSeqKeeper()

    def _take_fetch(self, number: int, response: Response, answers: Answers, *, by_uid: bool) -> None:
        picture = self._picture
        assert picture is not None
        items = parse_fetch(response)
        if by_uid:
            check(isinstance(picture, UidPicture), "UIDFETCH without ENABLE UIDONLY")
            assert isinstance(picture, UidPicture)
            told = picture.fetched_by_uid(number, items)
        else:
            told = picture.fetched(number, items)
        if "FLAGS" in items:
            answers.fetched.add(id(told))
        if "MODSEQ" in items:
            answers.numbered.add(id(told))
            self._modseq.heard(told.modseq or 0)
        text = items.get("BODY[TEXT]")
        if isinstance(text, bytes) and told.uid is not None:
            self._ledger.is_of(picture.mailbox, told.uid, text.decode().strip())

    def _take_vanished(self, response: Response, answers: Answers, *, keeps_numbers: bool) -> None:
        check(self.manner.vanishes, "VANISHED to a client that has not enabled what brings it")
        uids = parse_uids(response.octets.split()[-1])
        if b"(EARLIER)" in response.octets:
            answers.vanished.update(uids)
            return
        check(not keeps_numbers, "VANISHED in the answer of a command by message number (RFC 7162 §3.2.10.2)")
        assert self._picture is not None
        self._picture.vanished(uids)
        self._census.gone(self._picture.mailbox, uids)


# Answers taken apart


def stored(before: Flags | None, mode: str, flags: Flags) -> Flags | None:
    """What a STORE makes of these flags; None where they are not known."""
    if mode == "":
        return flags
    if before is None:
        return None
    return before | flags if mode == "+" else before - flags


def searched(answers: Answers) -> list[int]:
    """What SEARCH or ESEARCH gave."""
    found: list[int] = []
    for response in answers.untagged:
        if response.octets.startswith(b"ESEARCH"):
            found += parse_esearch([response], answers.tag).found
        if response.octets.startswith(b"SEARCH"):
            found += [int(word) for word in response.octets.split(b"(")[0].split()[1:]]
    return found


def status_items(answers: Answers) -> dict[str, int]:
    """The items of the STATUS response."""
    for response in answers.untagged:
        if response.octets.startswith(b"STATUS "):
            return status_items_of(response)
    raise Contradiction("STATUS was not answered")


def status_items_of(response: Response) -> dict[str, int]:
    """The items of this one."""
    items = parse_values(response.octets)[-1]
    assert isinstance(items, list)
    texts = [item.decode() for item in items if isinstance(item, bytes)]
    return dict(zip(texts[::2], map(int, texts[1::2]), strict=True))


def merge_transcripts(clients: Iterable[TalkingClient], *, lines: int) -> str:
    """The last lines of what these clients said and heard, in the order of time."""
    merged = sorted(
        (at_s, f"{client.number:>3} {line}")
        for client in clients
        for at_s, line in list(client.wire.transcript)[-lines:]
    )
    start_s = merged[0][0] if merged else time.monotonic()
    return "\n".join([f"{at_s - start_s:9.4f} {line}" for at_s, line in merged])
