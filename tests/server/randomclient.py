"""An IMAP client that does random legal commands and compares every answer with what it was told before."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.server.clientmodel import (
    Contradiction,
    Flags,
    Ledger,
    Picture,
    Told,
    check,
    parse_copyuid,
    parse_fetch,
)
from tests.server.imapwire import ImapWire, Response, Status, parse_uids, parse_values
from tests.server.resyncing import ModSeqKeeper, Snapshot
from tests.server.running import User

_FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Draft", "$Forwarded", "red", "green")
_MESSAGES_MAX = 20
"""Few, so that clients meet."""
_IDLE_S = 0.05


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as one user names it."""

    key: str
    """The same for all users."""
    name: str
    is_own: bool = False
    """Nobody else changes it, so that every flag in it is known."""


@dataclass(slots=True)
class _Answers:
    """What a command was answered."""

    status: Status
    fetched: set[int] = field(default_factory=set)
    """Identities of the messages whose flags were told with it."""
    numbered: set[int] = field(default_factory=set)
    """Those whose MODSEQ was."""
    vanished: set[int] = field(default_factory=set)
    """UIDs of VANISHED (EARLIER)."""
    untagged: list[Response] = field(default_factory=list)
    """What is no news of the selected mailbox."""


class RandomClient:
    """One connection. `step` does one thing; `settle` compares everything when nobody changes anything."""

    def __init__(
        self, wire: ImapWire, user: User, number: int, *, mailboxes: Sequence[Mailbox], ledger: Ledger
    ) -> None:
        self.wire = wire
        self.number = number
        self.steps = 0
        self._user = user
        self._mailboxes = mailboxes
        self._ledger = ledger
        self._random = Random(0)
        self._picture: Picture | None = None
        self._mailbox = mailboxes[0]
        self._is_read_only = False
        self._appended = 0
        self._renamed = 0
        self._knows = ""
        self._uidvalidity = 0
        self._modseq = ModSeqKeeper()
        self._snapshots: dict[str, Snapshot] = {}

    @property
    def selected(self) -> str:
        """The key of the selected mailbox; empty for none."""
        return self._picture.mailbox if self._picture is not None else ""

    def begin(self, random: Random) -> None:
        """Log in; some clients know mod-sequences, and some keep what they have seen."""
        self._random = random
        self._knows = random.choice(("", "CONDSTORE", "QRESYNC"))
        self._log_in()
        self._select()

    def _log_in(self) -> None:
        check(self.wire.receive().octets.startswith(b"OK "), "the greeting is not OK")
        self._command(f"LOGIN {self._user.name} {self._user.password}")
        if self._knows:
            self._command(f"ENABLE {self._knows}")

    def step(self) -> None:
        """One random thing that is legal now."""
        self.steps += 1
        if self._picture is None:
            self._random.choice((self._select, self._append, self._status, self._manage))()
            return
        if len(self._messages) > _MESSAGES_MAX and not self._is_read_only:
            self._thin_out()
        reading = [self._noop, self._fetch, self._fetch_text, self._search, self._idle, self._status]
        changing = [self._store, self._store, self._store, self._append, self._copy, self._move, self._expunge]
        leaving = [self._select, self._close, self._manage, self._reconnect]
        if self._is_read_only or not self._messages:
            changing = [self._append]
        actions: list[Callable[[], None]] = self._random.choices((reading, changing, leaving), (8, 8, 2))[0]
        self._random.choice(actions)()

    def settle(self) -> None:
        """Nobody changes anything now: after a NOOP the client must know everything."""
        if self._picture is None:
            return
        self._noop()
        told_before = [(told.uid, told.flags) for told in self._messages]
        known = list(self._messages)
        if known:
            self._command("FETCH 1:* (UID FLAGS MODSEQ)", keeps_numbers=True)
        check(self._messages == known, "messages came or went while nobody changed anything")
        for number, ((uid, flags), told) in enumerate(zip(told_before, known, strict=True), 1):
            check(uid in (None, told.uid), f"message {number} was UID {uid} and is {told.uid}")
            check(
                flags in (None, told.flags),
                f"message {number}, UID {told.uid}, has {told.flags}, and the client was told {flags}",
            )
        answers = self._command("UID SEARCH ALL")
        check(_searched(answers) == [told.uid for told in known], "UID SEARCH ALL gives other messages than FETCH")
        answers = self._command(f'STATUS "{self._mailbox.name}" (MESSAGES)')
        check(_status_items(answers)["MESSAGES"] == len(known), "STATUS counts other messages than the session")

    # What it does

    def _select(self) -> None:
        self._leave()
        mailbox = self._random.choice(self._mailboxes)
        verb = self._random.choices(("SELECT", "EXAMINE"), (5, 1))[0]
        floors = self._floors(mailbox)
        # Whatever comes until the tagged answer is of the new mailbox, but for CLOSED before it.
        self._picture = Picture(mailbox.key)
        self._mailbox, self._is_read_only = mailbox, verb == "EXAMINE"
        snapshot = self._snapshots.get(mailbox.key)
        self._modseq = ModSeqKeeper()
        answers = self._command(f'{verb} "{mailbox.name}"{snapshot.parameter if snapshot is not None else ""}')
        codes = {status.code: status.argument for response in answers.untagged if (status := response.status)}
        self._ledger.has_uidvalidity(mailbox.key, int(codes["UIDVALIDITY"]))
        self._observe(mailbox, floors, uidnext=int(codes["UIDNEXT"]), highestmodseq=int(codes["HIGHESTMODSEQ"]))
        self._uidvalidity = int(codes["UIDVALIDITY"])
        if snapshot is not None:
            snapshot.came_back(answers.vanished, self._picture)
        if self._messages and (snapshot is not None or self._random.random() < 0.8):
            self._command("FETCH 1:* (UID FLAGS MODSEQ)", keeps_numbers=True, may_refuse=True)
        if snapshot is not None:
            snapshot.compare(self._picture, int(codes["HIGHESTMODSEQ"]))

    def _leave(self) -> None:
        """Keep what is known of the selected mailbox, as clients do that come back with QRESYNC."""
        if self._knows == "QRESYNC" and self._picture is not None and self._modseq.value:
            self._snapshots[self._mailbox.key] = Snapshot.of(self._picture, self._uidvalidity, self._modseq.value)

    def _reconnect(self) -> None:
        self._leave()
        self._picture = None
        self.wire.connect_again()
        self._log_in()
        self._select()

    def _close(self) -> None:
        self._leave()
        self._command(self._random.choice(("CLOSE", "UNSELECT")), ends=True)

    def _noop(self) -> None:
        self._command(self._random.choice(("NOOP", "CHECK")))

    def _fetch(self) -> None:
        by_uid, chosen = self._choose()
        items = self._random.choice(("(UID FLAGS)", "(FLAGS MODSEQ UID)", "FLAGS", "(UID RFC822.SIZE)", "FAST"))
        if chosen:
            self._command(f"{'UID ' * by_uid}FETCH {chosen} {items}", keeps_numbers=not by_uid, may_refuse=True)

    def _fetch_text(self) -> None:
        by_uid, chosen = self._choose()
        section = self._random.choice(("BODY.PEEK[TEXT]", "BODY[TEXT]"))
        if chosen:
            self._command(f"{'UID ' * by_uid}FETCH {chosen} (UID {section})", keeps_numbers=not by_uid, may_refuse=True)

    def _search(self) -> None:
        key = self._random.choice(("ALL", "SEEN", "FLAGGED", "NOT DELETED", "KEYWORD red", "SINCE 1-Jan-2020"))
        assert self._picture is not None
        if self._random.random() < 0.5:
            self._picture.searched(_searched(self._command(f"SEARCH {key}", keeps_numbers=True)))
        else:
            before = [told.uid for told in self._messages]
            found = _searched(self._command(f"UID SEARCH {key}"))
            check(found == sorted(set(found)), "UID SEARCH gave UIDs out of order")
            if None not in before:
                # Others' new messages are told behind the answer, and are not in it.
                check(set(found) <= set(before), f"UID SEARCH gave {sorted(set(found) - set(before))}, not told before")

    def _store(self) -> None:
        by_uid, chosen = self._choose()
        if not chosen:
            return
        mode = self._random.choice(("+", "-", ""))
        flags = frozenset(self._random.sample(_FLAGS, self._random.randint(1, 2)))
        if self._random.random() < 0.2:
            flags |= {"\\Deleted"}
        silent = self._random.random() < 0.5
        unchanged_since = ""
        modseqs = [told.modseq for told in self._messages if told.modseq is not None]
        if modseqs and self._random.random() < 0.2:
            unchanged_since = f" (UNCHANGEDSINCE {self._random.choice(modseqs)})"
        meant = self._meant(by_uid, chosen)
        # Those whose UID is not known may be meant too.
        perhaps = [told for told in self._messages if by_uid and told.uid is None]
        before = {id(told): told.flags for told in meant}
        answers = self._command(
            f"{'UID ' * by_uid}STORE {chosen}{unchanged_since} {mode}FLAGS{'.SILENT' * silent} ({' '.join(flags)})",
            keeps_numbers=not by_uid,
            may_refuse=True,
        )
        has_failed = answers.status.condition != "OK"
        # A refusal says of none whether it was changed.
        for told in (*perhaps, *meant) if has_failed else perhaps:
            if id(told) not in answers.fetched:
                told.flags, told.flags_modseq = None, None
        if has_failed:
            return
        modified = set(parse_uids(answers.status.argument)) if answers.status.code == "MODIFIED" else set()
        for told in meant:
            if (told.uid if by_uid else self._number_of(told)) in modified:
                continue
            if id(told) in answers.fetched:
                self._check_stored(told, _stored(before[id(told)], mode, flags))
            elif silent and told in self._messages:
                told.flags = _stored(before[id(told)], mode, flags)
                # The new MODSEQ alone says that the client knows the flags that go with it (RFC 7162 §3.1.3).
                told.flags_modseq = told.modseq if id(told) in answers.numbered else None
        if silent and self._random.random() < 0.5:
            self._command(
                f"{'UID ' * by_uid}FETCH {chosen} (UID FLAGS MODSEQ)", keeps_numbers=not by_uid, may_refuse=True
            )

    def _check_stored(self, told: Told, expected: Flags | None) -> None:
        """Where nobody else changes anything, a STORE makes of the flags what it says."""
        if self._mailbox.is_own and expected is not None:
            check(told.flags == expected, f"UID {told.uid} has {told.flags} after STORE, not {expected}")

    def _append(self) -> None:
        mailbox = self._random.choice(self._mailboxes)
        self._appended += 1
        token = f"token-{self.number}-{self._appended}"
        message = f"Subject: {token}\r\nFrom: a@example.org\r\n\r\n{token}\r\n".encode()
        floors = self._floors(mailbox)
        flags = self._random.choice(("", "(\\Seen) ", "(\\Flagged red) "))
        answers = self._command(f'APPEND "{mailbox.name}" {flags}{{{len(message)}+}}', literal=message)
        check(answers.status.code == "APPENDUID", "APPEND was not answered by APPENDUID")
        uidvalidity, uid = map(int, answers.status.argument.split())
        self._ledger.has_uidvalidity(mailbox.key, uidvalidity)
        self._is_new(mailbox, uid, token, floors)

    def _copy(self) -> None:
        by_uid, chosen = self._choose()
        if chosen:
            self._transfer(f"{'UID ' * by_uid}COPY {chosen}", moves=False)

    def _move(self) -> None:
        by_uid, chosen = self._choose()
        if chosen:
            self._transfer(f"{'UID ' * by_uid}MOVE {chosen}", moves=True)

    def _transfer(self, command: str, *, moves: bool) -> None:
        target = self._random.choice([mailbox for mailbox in self._mailboxes if mailbox is not self._mailbox])
        floors = self._floors(target)
        answers = self._command(f'{command} "{target.name}"', may_refuse=True)
        codes = [answers.status, *[response.status for response in answers.untagged]]
        for status in codes:
            if status is not None and status.code == "COPYUID":
                uidvalidity, sources, targets = parse_copyuid(status.argument)
                self._ledger.has_uidvalidity(target.key, uidvalidity)
                for source, uid in zip(sources, targets, strict=True):
                    token = self._ledger.token(self._mailbox.key, source)
                    if moves and token is not None:
                        # Two who move one message into another account are both told of the one that is there.
                        self._ledger.is_of(target.key, uid, token)
                    if not moves:
                        self._is_new(target, uid, token, floors)
                assert self._picture is not None
                left = set(sources) & set(self._picture.known_uids())
                check(not (moves and left), f"UIDs {sorted(left)} were moved and are still there")

    def _expunge(self) -> None:
        uids = self._picture.known_uids() if self._picture is not None else []
        if uids and self._random.random() < 0.4:
            self._command(f"UID EXPUNGE {min(uids)}:{self._random.choice(uids)}")
        else:
            self._command("EXPUNGE")

    def _thin_out(self) -> None:
        self._command(f"STORE 1:{_MESSAGES_MAX // 2} +FLAGS.SILENT (\\Deleted)", keeps_numbers=True, may_refuse=True)
        for told in self._messages[: _MESSAGES_MAX // 2]:
            told.flags, told.flags_modseq = None, None
        self._command("EXPUNGE")

    def _idle(self) -> None:
        """Hear what comes in a short while."""
        tag = self.wire.new_tag()
        self.wire.send(f"{tag} IDLE\r\n".encode())
        answers = _Answers(Status("", "", b"", b""))
        while (response := self.wire.receive()).tag != "+":
            self._take(response, answers)
        while self.wire.has_input(_IDLE_S):
            self._take(self.wire.receive(), answers)
            if self._random.random() < 0.3:
                break
        self.wire.send(b"DONE\r\n")
        for response in self.wire.receive_until(tag):
            if response.tag == "*":
                self._take(response, answers)
        self._note_tagged(response.status)
        self._refuse_unless_ok(response, "IDLE")

    def _status(self) -> None:
        mailbox = self._random.choice(self._mailboxes)
        floors = self._floors(mailbox)
        items = _status_items(self._command(f'STATUS "{mailbox.name}" (UIDNEXT UIDVALIDITY HIGHESTMODSEQ MESSAGES)'))
        self._ledger.has_uidvalidity(mailbox.key, items["UIDVALIDITY"])
        self._observe(mailbox, floors, uidnext=items["UIDNEXT"], highestmodseq=items["HIGHESTMODSEQ"])

    def _manage(self) -> None:
        """A mailbox comes, gets another name, and goes."""
        self._renamed += 1
        first, second = f"New-{self.number}-{self._renamed}", f"Old-{self.number}-{self._renamed}"
        self._command(f"CREATE {first}")
        self._command(f"RENAME {first} {second}")
        check(any(second.encode() in each.octets for each in self._command('LIST "" "Old-%"').untagged), "RENAME, LIST")
        self._command(f"DELETE {second}")

    # What it knows

    @property
    def _messages(self) -> list[Told]:
        assert self._picture is not None
        return self._picture.messages

    def _choose(self) -> tuple[bool, str]:
        """Messages by UID or by number; empty where there are none."""
        uids = self._picture.known_uids() if self._picture is not None else []
        by_uid = bool(uids) and self._random.random() < 0.5
        there = uids if by_uid else list(range(1, len(self._messages) + 1))
        if not there:
            return False, ""
        if self._random.random() < 0.5:
            there = there[:3]  # where clients meet
        chosen = sorted(self._random.sample(there, min(len(there), self._random.randint(1, 4))))
        if self._random.random() < 0.2:
            return by_uid, f"{chosen[0]}:{chosen[-1]}"
        return by_uid, ",".join(map(str, chosen))

    def _meant(self, by_uid: bool, chosen: str) -> list[Told]:
        numbers = set(parse_uids(chosen.encode()))
        if by_uid:
            return [told for told in self._messages if told.uid in numbers]
        return [self._messages[number - 1] for number in sorted(numbers)]

    def _number_of(self, told: Told) -> int:
        return next((number for number, each in enumerate(self._messages, 1) if each is told), 0)

    def _floors(self, mailbox: Mailbox) -> dict[str, int]:
        return {
            "UIDNEXT": self._ledger.floor(mailbox.key, "UIDNEXT"),
            "HIGHESTMODSEQ": self._ledger.floor(mailbox.key, "HIGHESTMODSEQ", self._user.name),
        }

    def _observe(self, mailbox: Mailbox, floors: dict[str, int], *, uidnext: int, highestmodseq: int) -> None:
        self._ledger.observe(uidnext, mailbox.key, "UIDNEXT", floor=floors["UIDNEXT"])
        # Each user has her own, since \Seen is.
        key = (mailbox.key, "HIGHESTMODSEQ", self._user.name)
        self._ledger.observe(highestmodseq, *key, floor=floors["HIGHESTMODSEQ"])

    def _is_new(self, mailbox: Mailbox, uid: int, token: str | None, floors: dict[str, int]) -> None:
        self._ledger.observe(uid + 1, mailbox.key, "UIDNEXT", floor=floors["UIDNEXT"] + 1)
        if token is not None:
            self._ledger.is_of(mailbox.key, uid, token)

    # Commands

    def _command(
        self,
        text: str,
        *,
        literal: bytes = b"",
        keeps_numbers: bool = False,
        may_refuse: bool = False,
        ends: bool = False,
    ) -> _Answers:
        """Send, and take in what comes until the tagged answer."""
        tag = self.wire.new_tag()
        self.wire.send(f"{tag} {text}\r\n".encode() + (literal + b"\r\n" if literal else b""))
        answers = _Answers(Status("", "", b"", b""))
        for response in self.wire.receive_until(tag):
            if response.tag == "*":
                self._take(response, answers, keeps_numbers=keeps_numbers)
        self._note_tagged(response.status)
        if ends:
            self._picture = None
        # Messages that others have expunged cannot be had any more, and only that is a reason.
        if not (may_refuse and response.status is not None and response.status.code == "EXPUNGEISSUED"):
            self._refuse_unless_ok(response, text)
        assert response.status is not None
        answers.status = response.status
        return answers

    def _note_tagged(self, status: Status | None) -> None:
        if status is not None and status.code == "HIGHESTMODSEQ":
            self._modseq.told(int(status.argument))
        self._modseq.tagged()

    def _refuse_unless_ok(self, response: Response, text: str) -> None:
        check(response.octets.startswith(b"OK "), f"{text} was answered {response.octets!r}")

    def _take(self, response: Response, answers: _Answers, *, keeps_numbers: bool = False) -> None:
        number, word = response.number or (0, "")
        if response.octets.startswith(b"VANISHED "):
            self._take_vanished(response, answers, keeps_numbers=keeps_numbers)
        elif self._picture is None or word not in ("EXISTS", "EXPUNGE", "FETCH"):
            status = response.status
            check(status is None or status.condition == "OK", f"unexpected: {response.octets!r}")
            if status is not None and status.code == "HIGHESTMODSEQ":
                self._modseq.told(int(status.argument))
            answers.untagged.append(response)
        elif word == "EXISTS":
            self._picture.exists(number)
        elif word == "EXPUNGE":
            check(self._knows != "QRESYNC", "EXPUNGE after ENABLE QRESYNC")
            check(not keeps_numbers, "EXPUNGE in the answer of a command by message number (RFC 9051 §7.5.1)")
            self._picture.expunge(number)
        else:
            items = parse_fetch(response)
            told = self._picture.fetched(number, items)
            if "FLAGS" in items:
                answers.fetched.add(id(told))
            if "MODSEQ" in items:
                answers.numbered.add(id(told))
                self._modseq.heard(told.modseq or 0)
            text = items.get("BODY[TEXT]")
            if isinstance(text, bytes) and told.uid is not None:
                self._ledger.is_of(self._picture.mailbox, told.uid, text.decode().strip())

    def _take_vanished(self, response: Response, answers: _Answers, *, keeps_numbers: bool) -> None:
        check(self._knows == "QRESYNC", "VANISHED without ENABLE QRESYNC")
        *_, uids = response.octets.split()
        if b"(EARLIER)" in response.octets:
            answers.vanished.update(parse_uids(uids))
            return
        check(not keeps_numbers, "VANISHED in the answer of a command by message number (RFC 7162 §3.2.10.2)")
        assert self._picture is not None
        self._picture.vanished(parse_uids(uids))


def _stored(before: Flags | None, mode: str, flags: Flags) -> Flags | None:
    """What a STORE makes of these flags; None where they are not known."""
    if mode == "":
        return flags
    if before is None:
        return None
    return before | flags if mode == "+" else before - flags


def _searched(answers: _Answers) -> list[int]:
    found: list[int] = []
    for response in answers.untagged:
        if response.octets.startswith(b"SEARCH"):
            found += [int(word) for word in response.octets.split(b"(")[0].split()[1:]]
    return found


def _status_items(answers: _Answers) -> dict[str, int]:
    for response in answers.untagged:
        if response.octets.startswith(b"STATUS "):
            items = parse_values(response.octets)[-1]
            assert isinstance(items, list)
            texts = [item.decode() for item in items if isinstance(item, bytes)]
            return dict(zip(texts[::2], map(int, texts[1::2]), strict=True))
    raise Contradiction("STATUS was not answered")


def merge_transcripts(clients: Iterable[RandomClient], *, lines: int) -> str:
    """The last lines of what these clients said and heard, in the order of time."""
    merged = sorted(
        (at_s, f"{client.number:>3} {line}")
        for client in clients
        for at_s, line in list(client.wire.transcript)[-lines:]
    )
    start_s = merged[0][0] if merged else time.monotonic()
    return "\n".join([f"{at_s - start_s:9.4f} {line}" for at_s, line in merged])
