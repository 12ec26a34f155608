"""An IMAP client that does random legal commands and compares every answer with what it was told before."""

import contextlib
from collections.abc import Callable
from random import Random
from typing import Final

from tests.server.clientmodel import Flags, Floors, Told, check, parse_copyuid
from tests.server.imapwire import parse_uids
from tests.server.resyncing import Snapshot
from tests.server.searchmodel import KEYS, check_consistent, parse_esearch
from tests.server.survey import Surveyed
from tests.server.talkingclient import (
    EXPUNGED,
    MOVED,
    Answers,
    Fate,
    Known,
    Mailbox,
    MailboxGone,
    Manner,
    TalkingClient,
    searched,
    status_items,
    stored,
)

__all__ = ["Fate", "Known", "Mailbox", "Manner", "RandomClient"]

_FLAGS: Final = ("\\Seen", "\\Answered", "\\Flagged", "\\Draft", "$Forwarded", "red", "green")
_MESSAGES_MAX: Final = 20
"""Few, so that clients meet."""
_IDLE_S: Final = 0.05
_CRITERIA: Final = ("(UID)", "(REVERSE UID)", "(SUBJECT)", "(REVERSE ARRIVAL)", "(SIZE FROM)", "(DATE)")


class RandomClient(TalkingClient):
    """One connection. `step` does one thing; `settle` compares everything when nobody changes anything."""

    steps = 0
    _is_read_only = False
    _appended = 0
    _renamed = 0
    _searches = 0

    def begin(self, random: Random) -> None:
        """Log in; some clients keep what they have seen."""
        self._random = random
        self._snapshots: dict[str, Snapshot] = {}
        self.log_in()
        self._select()

    def step(self) -> None:
        """One random thing that is legal now."""
        self.steps += 1
        with contextlib.suppress(MailboxGone):
            self._step()
        while self._is_dismissed():
            with contextlib.suppress(MailboxGone):
                self._reconnect()

    def _step(self) -> None:
        if self._picture is None:
            self._random.choice((self._select, self._append, self._status, self._manage))()
            return
        if len(self._messages) > _MESSAGES_MAX and not self._is_read_only:
            self._thin_out()
            return
        reading = [self._noop, self._fetch, self._fetch_text, self._search, self._search_extended, self._sort]
        reading += [self._idle, self._status]
        changing = [self._store, self._store, self._store, self._append, self._copy, self._move, self._expunge]
        leaving = [self._select, self._close, self._manage, self._reconnect]
        if self._is_read_only or not self._messages:
            changing = [self._append]
        actions: list[Callable[[], None]] = self._random.choices((reading, changing, leaving), (8, 8, 2))[0]
        self._random.choice(actions)()

    # In the end

    def settle(self) -> None:
        """Nobody changes anything now: after a NOOP the client must know everything."""
        if self._picture is not None:
            with contextlib.suppress(MailboxGone):
                self._settle()

    def _settle(self) -> None:
        self._noop()
        told_before = {id(told): (told.uid, told.flags) for told in self._messages}
        known = list(self._messages)
        if known:
            self._fetch_all()
        check(len(self._messages) == len(known), "messages came or went while nobody changed anything")
        for told in self._messages:
            uid, flags = told_before[id(told)]
            check(uid in (None, told.uid), f"UID {uid} is {told.uid}")
            check(flags in (None, told.flags), f"UID {told.uid} has {told.flags}, and the client was told {flags}")
        answers = self._command("UID SEARCH ALL")
        check(searched(answers) == [told.uid for told in self._messages], "UID SEARCH ALL gives others than FETCH")
        if self._mailbox.fate is Fate.STAYS:
            answers = self._command(f'STATUS "{self._mailbox.name}" (MESSAGES)')
            check(status_items(answers)["MESSAGES"] == len(known), "STATUS counts other messages than the session")

    def compare(self, surveyed: dict[str, Surveyed]) -> None:
        """What this client was told is what a new one of the same user finds; by key of the mailbox."""
        if self._picture is not None:
            mailbox = surveyed[self._picture.mailbox]
            told = {each.uid: each.flags for each in self._messages}
            there = {uid: message.flags for uid, message in mailbox.messages.items()}
            check(told == there, f"{mailbox.name}: {told} was told, and there is {there}")
            for each in self._messages:
                assert each.uid is not None
                check(each.modseq == mailbox.messages[each.uid].modseq, f"UID {each.uid} has two MODSEQs")
        for key, snapshot in list(self._snapshots.items()):
            if key in surveyed:
                self._come_back(snapshot, surveyed[key])

    def _come_back(self, snapshot: Snapshot, mailbox: Surveyed) -> None:
        """By QRESYNC the client gets what has changed, all of it and nothing else."""
        self._picture = self._new_picture(mailbox.key)
        answers = self._command(f'EXAMINE "{mailbox.name}"{snapshot.parameter}')
        for uid, flags in snapshot.flags.items():
            is_there = uid in mailbox.messages
            check(is_there == (uid not in answers.vanished), f"UID {uid} is there: {is_there}, and vanished or not")
            told = next((each for each in self._messages if each.uid == uid), None)
            if is_there and told is None and flags is not None:
                check(flags == mailbox.messages[uid].flags, f"the flags of UID {uid} have changed, and were not told")
        for told in self._messages:
            if told.uid is not None:
                found = mailbox.messages[told.uid]
                check(told.flags == found.flags, f"UID {told.uid} came back with {told.flags}, not {found.flags}")
                check(found.modseq > snapshot.modseq, f"UID {told.uid} came back, and has not changed")

    # What it does: mailboxes

    def _select(self) -> None:
        self._leave()
        mailbox = self._random.choice(self._mailboxes)
        verb = self._random.choices(("SELECT", "EXAMINE"), (5, 1))[0]
        floors = self._ledger.floors()
        picture = self._new_picture("")
        if self._picture is None:
            self._begin_picture(mailbox, picture)
        else:
            self._following = mailbox, picture
        snapshot = self._snapshots.get(mailbox.key) if mailbox.fate is Fate.STAYS else None
        answers = self._command(
            f'{verb} "{mailbox.name}"{snapshot.parameter if snapshot is not None else ""}',
            refusals=MOVED if mailbox.fate is not Fate.STAYS else (),
        )
        self._is_read_only = verb == "EXAMINE"
        if answers.status.condition != "OK":
            self._picture = self._following = None
            return
        check(self._picture is picture, "another mailbox was selected, and the one before not closed")
        codes = {status.code: status.argument for response in answers.untagged if (status := response.status)}
        self._uidvalidity = int(codes["UIDVALIDITY"])
        key = picture.mailbox = mailbox.key_of(self._uidvalidity)
        self._ledger.is_alive(key, floors)
        self._ledger.has_uidvalidity(key, self._uidvalidity)
        self._observe(key, floors, uidnext=int(codes["UIDNEXT"]), highestmodseq=int(codes["HIGHESTMODSEQ"]))
        if snapshot is not None:
            snapshot.came_back(answers.vanished, picture)
        if self._messages and (snapshot is not None or self._random.random() < 0.8):
            self._fetch_all()
        if snapshot is not None:
            snapshot.compare(picture, int(codes["HIGHESTMODSEQ"]))

    def _fetch_all(self) -> None:
        by_uid = self.manner.uid_only
        self._command(f"{'UID ' * by_uid}FETCH 1:* (UID FLAGS MODSEQ)", keeps_numbers=not by_uid, refusals=EXPUNGED)

    def _leave(self) -> None:
        """Keep what is known of the selected mailbox, as clients do that come back with QRESYNC."""
        if self.manner.knows == "QRESYNC" and self._picture is not None and self._modseq.value:
            snapshot = Snapshot.of(self._picture, self._uidvalidity, self._modseq.value)
            self._snapshots[self._picture.mailbox] = snapshot

    def _reconnect(self) -> None:
        self._leave()
        self._picture = None
        self.wire.connect_again()
        self.log_in()
        self._select()

    def _close(self) -> None:
        self._leave()
        self._command(self._random.choice(("CLOSE", "UNSELECT")), ends=True)

    def _status(self) -> None:
        mailbox = self._random.choice(self._mailboxes)
        floors = self._ledger.floors()
        answers = self._command(
            f'STATUS "{mailbox.name}" (UIDNEXT UIDVALIDITY HIGHESTMODSEQ MESSAGES)', refusals=self._losses(mailbox)
        )
        if answers.status.condition == "OK":
            items = status_items(answers)
            key = mailbox.key_of(items["UIDVALIDITY"])
            self._ledger.is_alive(key, floors)
            self._ledger.has_uidvalidity(key, items["UIDVALIDITY"])
            self._observe(key, floors, uidnext=items["UIDNEXT"], highestmodseq=items["HIGHESTMODSEQ"])

    def _manage(self) -> None:
        """A mailbox comes, gets another name, and goes."""
        self._renamed += 1
        first, second = f"New-{self.number}-{self._renamed}", f"Old-{self.number}-{self._renamed}"
        self._command(f"CREATE {first}")
        self._command(f"RENAME {first} {second}")
        check(any(second.encode() in each.octets for each in self._command('LIST "" "Old-%"').untagged), "RENAME, LIST")
        self._command(f"DELETE {second}")

    def _losses(self, mailbox: Mailbox) -> frozenset[str]:
        """What a command that names this mailbox may be refused for."""
        return frozenset() if mailbox.fate is Fate.STAYS else MOVED

    # Reading

    def _noop(self) -> None:
        self._hear(self._command(self._random.choice(("NOOP", "CHECK"))))

    def _hear(self, answers: Answers) -> None:
        """What nobody has asked for tells the MODSEQ along with the flags."""
        if self.manner.knows:
            without = answers.fetched - answers.numbered
            check(not without, "FETCH of a change without MODSEQ (RFC 7162 §3.2)")

    def _fetch(self) -> None:
        by_uid, chosen = self._choose()
        items = self._random.choice(("(UID FLAGS)", "(FLAGS MODSEQ UID)", "FLAGS", "(UID RFC822.SIZE)", "FAST"))
        if chosen:
            self._command(f"{'UID ' * by_uid}FETCH {chosen} {items}", keeps_numbers=not by_uid, refusals=EXPUNGED)

    def _fetch_text(self) -> None:
        by_uid, chosen = self._choose()
        section = self._random.choice(("BODY.PEEK[TEXT]", "BODY[TEXT]"))
        if chosen:
            self._command(
                f"{'UID ' * by_uid}FETCH {chosen} (UID {section})", keeps_numbers=not by_uid, refusals=EXPUNGED
            )

    def _search(self) -> None:
        key = self._random.choice(list(KEYS))
        assert self._picture is not None
        if not self.manner.uid_only and self._random.random() < 0.5:
            self._picture.searched(searched(self._command(f"SEARCH {key}", keeps_numbers=True)))
        else:
            before = self._before()
            found = searched(self._command(f"UID SEARCH {key}"))
            check(found == sorted(set(found)), "UID SEARCH gave UIDs out of order")
            self._check_found(key, found, before)

    def _search_extended(self) -> None:
        """ESEARCH agrees with itself and with what the client knows; `$` is what was saved."""
        key = self._random.choice(list(KEYS))
        saves = self._random.random() < 0.3
        before = self._before()
        answers = self._command(f"UID SEARCH RETURN (MIN MAX COUNT ALL{' SAVE' * saves}) {key}")
        found = parse_esearch(answers.untagged, answers.tag)
        check_consistent(found)
        check(list(found.found) == sorted(found.found), "ESEARCH gave UIDs out of order")
        check(found.count is not None, "ESEARCH without COUNT")
        self._check_found(key, list(found.found), before)
        if saves:
            self._command("UID FETCH $ (UID FLAGS)", refusals=EXPUNGED)

    def _sort(self) -> None:
        key, criteria = self._random.choice(list(KEYS)), self._random.choice(_CRITERIA)
        before = self._before()
        answers = self._command(f"UID SORT RETURN (COUNT MIN MAX ALL) {criteria} UTF-8 {key}")
        found = parse_esearch(answers.untagged, answers.tag)
        check(len(set(found.found)) == len(found.found) == found.count, f"SORT counts otherwise: {found}")
        if criteria in ("(UID)", "(REVERSE UID)"):
            ordered = sorted(found.found, reverse="REVERSE" in criteria)
            check(list(found.found) == ordered, f"SORT {criteria} gave {found.found}")
        self._check_found(key, list(found.found), before)

    def _before(self) -> dict[int | None, Flags | None]:
        return {told.uid: told.flags for told in self._messages}

    def _check_found(self, key: str, found: list[int], before: dict[int | None, Flags | None]) -> None:
        """Others' new messages are told behind the answer, and are not in it; with NOTIFY also before it."""
        if None in before:
            return
        told = set(before)
        if self.manner.notifies and self._picture is not None:
            told.update(self._picture.known_uids())
        check(set(found) <= told, f"{key} gave {sorted(set(found) - set(before))}, not told before")
        known = {uid: flags for uid, flags in before.items() if uid is not None and flags is not None}
        if self._mailbox.is_own and len(known) == len(before):
            expected = sorted(uid for uid, flags in known.items() if KEYS[key](flags))
            check(sorted(found) == expected, f"{key} gave {found}, and {expected} match")

    def _idle(self) -> None:
        """Hear what comes in a short while."""
        answers = Answers.begun(self.wire.new_tag())
        with self._in_what_may_die():
            self.wire.send(f"{answers.tag} IDLE\r\n".encode())
            while not self._is_dismissed() and (response := self.wire.receive()).tag != "+":
                self._take(response, answers)
            while not self._is_dismissed() and self.wire.has_input(_IDLE_S):
                response = self.wire.receive()
                self._take(response, answers)
                if self.manner.is_rev2 and b" FETCH " in response.octets:
                    check(b"UID " in response.octets, "an unsolicited FETCH without UID after ENABLE IMAP4rev2")
                if self._random.random() < 0.3:
                    break
        if self._is_dismissed():
            self._picture = None
            raise MailboxGone
        response = self._converse(b"DONE\r\n", answers)
        self._note_tagged(response.status)
        self._refuse_unless_ok(response, "IDLE")
        if self._is_dismissed():
            self._picture = None
            raise MailboxGone
        self._hear(answers)

    # Changing

    def _store(self) -> None:
        mode = self._random.choice(("+", "-", ""))
        flags = frozenset(self._random.sample(_FLAGS, self._random.randint(1, 2)))
        if self._random.random() < 0.2:
            flags |= {"\\Deleted"}
        by_uid, chosen = self._choose(counted="\\Deleted" in flags)
        if not chosen:
            return
        silent = self._random.random() < 0.5
        unchanged_since = ""
        modseqs = [told.modseq for told in self._messages if told.modseq is not None]
        if modseqs and self._random.random() < 0.2:
            unchanged_since = f" (UNCHANGEDSINCE {self._random.choice(modseqs)})"
        meant = self._meant(by_uid, chosen)
        if "\\Deleted" in flags and mode != "-":
            self._census.may_mark(self.selected, self._uids_meant(by_uid, chosen))
        # Those whose UID is not known may be meant too.
        perhaps = [told for told in self._messages if by_uid and told.uid is None]
        before = {id(told): told.flags for told in meant}
        answers = self._command(
            f"{'UID ' * by_uid}STORE {chosen}{unchanged_since} {mode}FLAGS{'.SILENT' * silent} ({' '.join(flags)})",
            keeps_numbers=not by_uid,
            refusals=EXPUNGED,
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
                self._check_stored(told, stored(before[id(told)], mode, flags))
            elif silent and told in self._messages:
                told.flags = stored(before[id(told)], mode, flags)
                # The new MODSEQ alone says that the client knows the flags that go with it (RFC 7162 §3.1.3).
                told.flags_modseq = told.modseq if id(told) in answers.numbered else None
        if silent and self._random.random() < 0.5:
            self._command(
                f"{'UID ' * by_uid}FETCH {chosen} (UID FLAGS MODSEQ)", keeps_numbers=not by_uid, refusals=EXPUNGED
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
        floors = self._ledger.floors()
        flags = self._random.choice(("", "(\\Seen) ", "(\\Flagged red) "))
        answers = self._command(
            f'APPEND "{mailbox.name}" {flags}{{{len(message)}+}}',
            literal=message,
            refusals=self._losses(mailbox),
            outlives=True,
        )
        if answers.status.condition != "OK":
            return
        check(answers.status.code == "APPENDUID", "APPEND was not answered by APPENDUID")
        uidvalidity, uid = map(int, answers.status.argument.split())
        key = mailbox.key_of(uidvalidity)
        self._ledger.has_uidvalidity(key, uidvalidity)
        self._is_new(key, uid, token, floors)
        self._census.added(key, uid, token)

    def _copy(self) -> None:
        by_uid, chosen = self._choose()
        if chosen:
            self._transfer(by_uid, chosen, moves=False)

    def _move(self) -> None:
        by_uid, chosen = self._choose(counted=True)
        if chosen:
            self._census.may_move(self.selected, self._uids_meant(by_uid, chosen))
            self._transfer(by_uid, chosen, moves=True)

    def _transfer(self, by_uid: bool, chosen: str, *, moves: bool) -> None:
        target = self._random.choice([mailbox for mailbox in self._mailboxes if mailbox is not self._mailbox])
        source, floors = self.selected, self._ledger.floors()
        meant = len(self._uids_meant(by_uid, chosen))
        try:
            answers = self._command(
                f'{"UID " * by_uid}{"MOVE" if moves else "COPY"} {chosen} "{target.name}"',
                refusals=EXPUNGED | self._losses(target),
                outlives=True,
            )
        except MailboxGone:
            self._census.unanswered(target.key, meant * moves)
            raise
        for status in [answers.status, *[response.status for response in answers.untagged]]:
            if status is not None and status.code == "COPYUID":
                self._transferred(source, target, status.argument, floors, moves=moves)

    def _transferred(self, source: str, target: Mailbox, copyuid: bytes, floors: Floors, *, moves: bool) -> None:
        uidvalidity, sources, targets = parse_copyuid(copyuid)
        key = target.key_of(uidvalidity)
        self._ledger.has_uidvalidity(key, uidvalidity)
        for uid, new_uid in zip(sources, targets, strict=True):
            token = self._ledger.token(source, uid)
            self._census.added(key, new_uid, token, origin=(source, uid))
            if moves and token is not None:
                # Two who move one message into another account are both told of the one that is there.
                self._ledger.is_of(key, new_uid, token)
            if not moves:
                self._is_new(key, new_uid, token, floors)
        if moves:
            self._census.gone(source, sources)
            left = set(sources) & set(self._picture.known_uids() if self._picture is not None else ())
            check(not left or key == source, f"UIDs {sorted(left)} were moved and are still there")

    def _expunge(self) -> None:
        uids = self._picture.known_uids() if self._picture is not None else []
        if uids and self._random.random() < 0.4:
            self._command(f"UID EXPUNGE {min(uids)}:{self._random.choice(uids)}")
        else:
            self._command("EXPUNGE")

    def _thin_out(self) -> None:
        known = min(self._know_uids(), _MESSAGES_MAX // 2)
        uids = [told.uid for told in self._messages[:known]]
        if not uids:
            return
        by_uid = self.manner.uid_only
        chosen = f"{uids[0]}:{uids[-1]}" if by_uid else f"1:{len(uids)}"
        self._census.may_mark(self.selected, self._uids_meant(by_uid, chosen))
        self._command(
            f"{'UID ' * by_uid}STORE {chosen} +FLAGS.SILENT (\\Deleted)", keeps_numbers=not by_uid, refusals=EXPUNGED
        )
        for told in self._messages[: _MESSAGES_MAX // 2]:
            told.flags, told.flags_modseq = None, None
        self._command("EXPUNGE")

    # What it knows

    def _know_uids(self) -> int:
        """What goes is counted by UID, so these are asked for before anything goes; gives how many are known."""
        assert self._picture is not None
        if self._picture.known_from_start() < len(self._messages):
            self._fetch_all()
        return self._picture.known_from_start()

    def _choose(self, *, counted: bool = False) -> tuple[bool, str]:
        """Messages by UID or by number, those that are `counted` with a known UID; empty where there are none."""
        assert self._picture is not None
        numbers = self._know_uids() if counted else len(self._messages)
        uids = self._picture.known_uids()
        by_uid = self.manner.uid_only or (bool(uids) and self._random.random() < 0.5)
        there = uids if by_uid else list(range(1, numbers + 1))
        if not there:
            return by_uid, ""
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

    def _uids_meant(self, by_uid: bool, chosen: str) -> list[int]:
        """UIDs that a command may change, those between the ends of a range too."""
        if by_uid:
            return parse_uids(chosen.encode())
        return [told.uid for told in self._meant(by_uid, chosen) if told.uid is not None]

    def _number_of(self, told: Told) -> int:
        return next((number for number, each in enumerate(self._messages, 1) if each is told), 0)

    def _is_new(self, key: str, uid: int, token: str | None, floors: Floors) -> None:
        self._ledger.observe(uid + 1, key, "UIDNEXT", floors=floors, is_new=True)
        if token is not None:
            self._ledger.is_of(key, uid, token)
