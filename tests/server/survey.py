"""What a new client of a user finds in all mailboxes, when nobody changes anything."""

from dataclasses import dataclass

from tests.server.clientmodel import Flags, check
from tests.server.imapwire import parse_values
from tests.server.talkingclient import Fate, Mailbox, TalkingClient, status_items


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a mailbox."""

    flags: Flags
    modseq: int
    token: str


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One mailbox; `messages` by UID."""

    key: str
    name: str
    uidnext: int
    highestmodseq: int
    messages: dict[int, Message]


@dataclass(frozen=True, slots=True)
class Survey:
    """What one user finds."""

    names: set[str]
    """All that can be selected."""
    mailboxes: dict[str, Surveyed]
    """By key; those of which nobody else knows a key are left out."""


class SurveyingClient(TalkingClient):
    """Looks at everything, and changes nothing."""

    def survey(self) -> Survey:
        """All mailboxes that the user may see."""
        self.log_in()
        known = {mailbox.name: mailbox for mailbox in self._mailboxes}
        survey = Survey(set(self._names()), {})
        for name in sorted(survey.names):
            mailbox = known.get(name) or self._roaming(name)
            if mailbox is not None:
                surveyed = self._look(mailbox)
                survey.mailboxes[surveyed.key] = surveyed
        return survey

    def _roaming(self, name: str) -> Mailbox | None:
        """A name that a mailbox has got by now."""
        for mailbox in self._mailboxes:
            if mailbox.fate is not Fate.STAYS and mailbox.name.rpartition("/")[0] == name.rpartition("/")[0]:
                return Mailbox(mailbox.key, name, fate=mailbox.fate)
        return None

    def _names(self) -> list[str]:
        names = []
        for response in self._command('LIST "" *').untagged:
            _, attributes, _, name = parse_values(response.octets)
            assert isinstance(attributes, list)
            assert isinstance(name, bytes)
            if b"\\Noselect" not in attributes and b"\\NonExistent" not in attributes:
                names.append(name.decode())
        return names

    def _look(self, mailbox: Mailbox) -> Surveyed:
        items = status_items(self._command(f'STATUS "{mailbox.name}" (UIDVALIDITY UIDNEXT MESSAGES HIGHESTMODSEQ)'))
        key = mailbox.key_of(items["UIDVALIDITY"])
        self._picture = self._new_picture(key)
        self._mailbox = mailbox
        self._command(f'EXAMINE "{mailbox.name}"')
        check(len(self._messages) == items["MESSAGES"], f"STATUS and EXAMINE of {mailbox.name} differ")
        if self._messages:
            self._command("FETCH 1:* (UID FLAGS MODSEQ BODY.PEEK[TEXT])", keeps_numbers=True)
        messages = {}
        for told in self._messages:
            assert told.uid is not None
            assert told.flags is not None
            assert told.modseq is not None
            check(told.uid < items["UIDNEXT"], f"UID {told.uid} is not below UIDNEXT {items['UIDNEXT']}")
            check(told.modseq <= items["HIGHESTMODSEQ"], f"MODSEQ {told.modseq} is above HIGHESTMODSEQ")
            messages[told.uid] = Message(told.flags, told.modseq, self._ledger.token(key, told.uid) or "")
        return Surveyed(key, mailbox.name, items["UIDNEXT"], items["HIGHESTMODSEQ"], messages)
