"""A client that asks nothing, and knows all mailboxes by what NOTIFY tells it (RFC 5465)."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.server.clientmodel import check
from tests.server.imapwire import Response, parse_values
from tests.server.survey import Survey
from tests.server.talkingclient import Answers, TalkingClient, status_items_of

_EVENTS: Final = "(MessageNew MessageExpunge FlagChange MailboxName)"
_SET: Final = f'NOTIFY SET STATUS (personal {_EVENTS}) (subtree ("Other Users" "Shared Folders") {_EVENTS})'
_HEARS_S: Final = 0.1
_SETTLES_S: Final = 1.0
"""Silence after which nothing more is to be expected; the server looks several times in it."""
_SEPARATOR: Final = "/"


@dataclass(slots=True)
class Heard:
    """A mailbox, as far as it was told of."""

    items: dict[str, int] = field(default_factory=dict)


class NotifiedClient(TalkingClient):
    """Nothing is selected, so nothing shields a change from being told."""

    steps = 0

    def begin(self, random: Random) -> None:
        self._random = random
        self.log_in()
        self._ask()

    def _ask(self) -> None:
        self._heard: dict[str, Heard] = {}
        self._hear_all(self._command(_SET))

    def step(self) -> None:
        self.steps += 1
        if self._random.random() < 0.01:
            self.wire.connect_again()
            self.log_in()
            self._ask()
        elif self._random.random() < 0.1:
            self._hear_all(self._command("NOOP"))
        else:
            self._listen(_HEARS_S)

    def settle(self) -> None:
        """Hear until nothing more is said."""
        self._hear_all(self._command("NOOP"))
        self._listen(_SETTLES_S)

    def compare(self, survey: Survey) -> None:
        """What it has heard is what there is."""
        names = set(self._heard)
        check(
            names == survey.names,
            f"heard of {sorted(names - survey.names)}, and not of {sorted(survey.names - names)}",
        )
        for mailbox in survey.mailboxes.values():
            heard = self._heard[mailbox.name].items
            unseen = len([message for message in mailbox.messages.values() if "\\Seen" not in message.flags])
            there = {"MESSAGES": len(mailbox.messages), "UNSEEN": unseen, "UIDNEXT": mailbox.uidnext}
            told = {name: heard.get(name, value) for name, value in there.items()}
            check(told == there, f"{mailbox.name} was told to have {heard}, and has {there}")
            if self.manner.knows:
                modseq = heard.get("HIGHESTMODSEQ", mailbox.highestmodseq)
                check(modseq == mailbox.highestmodseq, f"{mailbox.name} was told to be at {modseq}: {mailbox}")

    # What it hears

    def _listen(self, silence_s: float) -> None:
        answers = Answers.begun("")
        while self.wire.has_input(silence_s):
            self._take(self.wire.receive(), answers)
        self._hear_all(answers)

    def _hear_all(self, answers: Answers) -> None:
        for response in answers.untagged:
            status = response.status
            if status is not None:
                check(status.code != "NOTIFICATIONOVERFLOW", "there were too many changes")
            elif response.octets.startswith(b"STATUS "):
                self._hear_status(response)
            elif response.octets.startswith(b"LIST "):
                self._hear_name(response)

    def _hear_status(self, response: Response) -> None:
        name = _name(parse_values(response.octets)[1])
        items = status_items_of(response)
        heard = self._heard.setdefault(name, Heard())
        if items.get("UIDVALIDITY") != heard.items.get("UIDVALIDITY", items.get("UIDVALIDITY")):
            heard.items.clear()  # another mailbox has this name now
        for counter in ("UIDNEXT", "HIGHESTMODSEQ"):
            if counter in items:
                check(items[counter] >= heard.items.get(counter, 0), f"{counter} of {name} falls: {items}, {heard}")
        heard.items.update(items)

    def _hear_name(self, response: Response) -> None:
        _, attributes, _, octets, *extended = parse_values(response.octets)
        assert isinstance(attributes, list)
        name = _name(octets)
        if extended:
            assert isinstance(extended[0], list)
            label, oldname = extended[0]
            assert label == b"OLDNAME"
            assert isinstance(oldname, list)
            self._renamed(_name(oldname[0]), name)
        if b"\\NonExistent" in attributes or b"\\Noselect" in attributes:
            self._heard.pop(name, None)
        else:
            self._heard.setdefault(name, Heard({"MESSAGES": 0, "UNSEEN": 0}))

    def _renamed(self, old: str, new: str) -> None:
        """The whole tree has another name, of which the top is told."""
        for name in list(self._heard):
            if name == old or name.startswith(old + _SEPARATOR):
                self._heard[new + name.removeprefix(old)] = self._heard.pop(name)


def _name(octets: object) -> str:
    assert isinstance(octets, bytes)
    return octets.decode()
