"""Every capability that is announced is off where it is hidden, or there is a reason why nothing changes."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Final

import pytest
from tests.imap.test_starttls import server_context
from tests.imap.transcript import Connection, log_in, open_services
from tests.operations.logins.plainlogins import PlainLogins

from angarium.config import parse_settings
from angarium.imap.capabilities import Moment, Occasion, capabilities
from angarium.operations.logins import Peer
from angarium.sasl import MECHANISMS
from angarium.worker.tls import Identity, ServiceTls
from angarium.worker.tlstransport import StartTls

OPTIONS: Final = (
    "allowanonymouslogin: yes",
    "annotation_enable_legacy_commands: yes",
    "messagelimit: 2000",
)
SETTINGS: Final = ("", "literalminus: yes", "savelimit: 2000\nmessagelimit: 0")
"""Of each of which there is a capability that the others have not."""


@dataclass(frozen=True, slots=True)
class Off:
    """A command, what is first answered to it (a pattern), and what where the capability is hidden."""

    command: str
    served: str = r"\* .*|a OK .*|a NO .*|\+ .*"
    hidden: str = r"a BAD .*"
    before_login: bool = False


def _enabling(name: str, told: str = "") -> Off:
    return Off(f"ENABLE {name}", rf"\* ENABLED .*{told or name}.*", r"\* ENABLED")


def _authenticating(mechanism: str) -> Off:
    return Off(f"AUTHENTICATE {mechanism}", r"\+ .*", r"a NO \[CANNOT\] no mechanism available", before_login=True)


OFF: Final[Mapping[str, Off]] = {
    "IMAP4rev2": _enabling("IMAP4rev2"),
    "LITERAL+": Off("NOOP {5000+}\r\n" + "x" * 5000, r"a BAD Unexpected .*", r"a BAD \[TOOBIG\] .*"),
    "LITERAL-": Off("NOOP {1+}\r\nx", r"a BAD Unexpected .*", r"a BAD \[TOOBIG\] .*"),
    "ID": Off("ID NIL"),
    "ENABLE": Off("ENABLE CONDSTORE"),
    "ACL": Off("MYRIGHTS INBOX"),
    "ANNOTATE-EXPERIMENT-1": Off("FETCH 1 (ANNOTATION (/comment value))"),
    "BINARY": Off("FETCH 1 BINARY.SIZE[1]"),
    "CATENATE": Off('APPEND INBOX CATENATE (URL "/INBOX;UIDVALIDITY=1/;UID=1")'),
    "CONDSTORE": Off("FETCH 1 MODSEQ"),
    "CONTEXT=SEARCH": Off("SEARCH RETURN (UPDATE) ALL"),
    "CONTEXT=SORT": Off("SORT RETURN (UPDATE) (DATE) UTF-8 ALL"),
    "CREATE-SPECIAL-USE": Off("CREATE x (USE (\\Drafts))"),
    "ESEARCH": Off("SEARCH RETURN (COUNT) ALL"),
    "ESORT": Off("SORT RETURN (COUNT) (DATE) UTF-8 ALL"),
    "FILTERS": Off("SEARCH FILTER x"),
    "I18NLEVEL=2": Off("COMPARATOR"),
    "LANGUAGE": Off("LANGUAGE"),
    "LIST-EXTENDED": Off('LIST (SUBSCRIBED) "" *'),
    "LIST-MYRIGHTS": Off('LIST "" * RETURN (MYRIGHTS)'),
    "LIST-STATUS": Off('LIST "" * RETURN (STATUS (MESSAGES))'),
    "MAILBOX-REFERRALS": Off('RLIST "" *'),
    "MESSAGELIMIT=2000": Off("SEARCH UIDAFTER 1"),
    "METADATA": Off("GETMETADATA INBOX /private/comment"),
    "MOVE": Off("MOVE 1 INBOX"),
    "MULTIAPPEND": Off("APPEND INBOX {9+}\r\nA: b\r\n\r\nx {9+}\r\nA: b\r\n\r\nx"),
    "MULTISEARCH": Off("ESEARCH IN (inboxes) ALL"),
    "NAMESPACE": Off("NAMESPACE"),
    "NOTIFY": Off("NOTIFY NONE"),
    "OBJECTID": Off("FETCH 1 EMAILID"),
    "PARTIAL": Off("UID FETCH 1:* FLAGS (PARTIAL 1:1)"),
    "PREVIEW": Off("FETCH 1 PREVIEW"),
    "QRESYNC": _enabling("QRESYNC"),
    "QUOTA": Off("GETQUOTAROOT INBOX"),
    "QUOTA=RES-STORAGE": Off("STATUS INBOX (DELETED-STORAGE)"),
    "QUOTASET": Off("SETQUOTA INBOX ()"),
    "REPLACE": Off("UID REPLACE 1 INBOX {9+}\r\nA: b\r\n\r\nx"),
    "SAVEDATE": Off("FETCH 1 SAVEDATE"),
    "SEARCHRES": Off("SEARCH RETURN (SAVE) ALL"),
    "SORT": Off("SORT (DATE) UTF-8 ALL"),
    "SORT=DISPLAY": Off("SORT (DISPLAYFROM) UTF-8 ALL"),
    "SORT=MODSEQ": Off("SORT (MODSEQ) UTF-8 ALL"),
    "SORT=UID": Off("SORT (UID) UTF-8 ALL"),
    "SPECIAL-USE": Off('LIST (SPECIAL-USE) "" *'),
    "STARTTLS": Off("STARTTLS", before_login=True),
    "STATUS=SIZE": Off("STATUS INBOX (SIZE)"),
    "THREAD=ORDEREDSUBJECT": Off("THREAD ORDEREDSUBJECT UTF-8 ALL"),
    "THREAD=REFERENCES": Off("THREAD REFERENCES UTF-8 ALL"),
    "THREAD=REFS": Off("THREAD REFS UTF-8 ALL"),
    "UIDONLY": _enabling("UIDONLY"),
    "UIDPLUS": Off("UID EXPUNGE 1"),
    "UNSELECT": Off("UNSELECT"),
    "URL-PARTIAL": Off(
        'APPEND INBOX CATENATE (URL "/INBOX;UIDVALIDITY=1700000000/;UID=1/;PARTIAL=0.3")',
        r"\* 2 EXISTS",
        r"a NO \[BADURL .*",
    ),
    "UTF8=ACCEPT": _enabling("UTF8=ACCEPT"),
    "WITHIN": Off("SEARCH YOUNGER 1"),
    "ANNOTATEMORE": Off('GETANNOTATION INBOX "/comment" "value.priv"'),
    "DIGEST=SHA1": Off("FETCH 1 DIGEST.SHA1"),
    "LIST-METADATA": Off('LIST "" * RETURN (METADATA (/private/comment))'),
    "XLIST": Off('XLIST "" *'),
    **{f"AUTH={name}": _authenticating(name) for name in MECHANISMS},
    "SASL-IR": Off("AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==", before_login=True),
    "UNAUTHENTICATE": Off("UNAUTHENTICATE"),
    "COMPRESS=DEFLATE": Off("COMPRESS DEFLATE"),
    "IDLE": Off("IDLE"),
    "APPENDLIMIT=4294967295": Off("STATUS INBOX (APPENDLIMIT)"),
}

NOTHING_CHANGES: Final[Mapping[str, str]] = {
    "IMAP4rev1": "what is spoken before anything else is agreed on",
    "CHILDREN": "attributes that may come with any LIST response; whoever does not know them passes them over",
    "INPROGRESS": "no command: nothing is told of progress (test_progress)",
    "LOGINDISABLED": "says what an option does",
    "QUOTA=RES-MESSAGE": "a name in the answers of QUOTA",
    "QUOTA=RES-ANNOTATION-STORAGE": "a name in the answers of QUOTA",
    "QUOTA=RES-MAILBOX": "a name in the answers of QUOTA",
    "RIGHTS=kxten": "names of rights in the answers of ACL",
    "SAVELIMIT=2000": "says what an option does",
    "X-QUOTA=STORAGE": "a name in the answers of QUOTA",
    "X-QUOTA=MESSAGE": "a name in the answers of QUOTA",
    "X-QUOTA=X-ANNOTATION-STORAGE": "a name in the answers of QUOTA",
    "X-QUOTA=X-NUM-FOLDERS": "a name in the answers of QUOTA",
}


def _announced() -> set[str]:
    base = "configdirectory: /c\npartition-default: /p\n" + "\n".join(OPTIONS) + "\n"
    words: set[str] = set()
    for moment, more, plaintext in product(Moment, SETTINGS, (True, False)):
        given = {line.partition(":")[0] for line in more.splitlines()}
        kept = [line for line in base.splitlines() if line.partition(":")[0] not in given]
        settings = parse_settings("\n".join([*kept, more]), file=Path("/imapd.conf")).settings
        occasion = Occasion(moment, settings, list(MECHANISMS), plaintext_allowed=plaintext, starttls=True)
        words.update(word.decode() for word in capabilities(occasion))
    return words


def test_there_is_a_word_on_each() -> None:
    announced = _announced()
    assert announced <= OFF.keys() | NOTHING_CHANGES.keys()
    assert not OFF.keys() & NOTHING_CHANGES.keys()
    # What is announced once all of it works
    assert (OFF.keys() | NOTHING_CHANGES.keys()) - announced <= {"CONTEXT=SEARCH", "CONTEXT=SORT"}


class AllMechanisms(PlainLogins):
    """Begins an exchange of any of them."""

    def mechanisms(self, peer: Peer) -> Sequence[str]:
        return list(MECHANISMS)


async def _first_answer(name: str, off: Off, directory: Path, *, hidden: str) -> str:
    options = [*OPTIONS]
    if name == "LITERAL-":
        options.append("literalminus: yes")
    if hidden:
        options.append(f"suppress_capabilities: {hidden}")
    async with open_services("memory", directory, "\n".join(options)) as services:
        start_tls = StartTls(asyncio.get_running_loop(), ServiceTls(Identity(server_context())), "imap")
        logins = AllMechanisms(services.store, services.settings)
        services = replace(services, start_tls=start_tls, logins=logins)
        if off.before_login:
            stranger = Connection(services, "x", is_tls=False, by_octet=False)
            stranger.pending_lines()
            # Nobody begins TLS on a transport in memory
            (answer, *_) = await stranger.ask(f"a {off.command}") if name != "STARTTLS" else await _refused(stranger)
            return answer
        alice = await log_in(services, "alice")
        await alice.ask("x APPEND INBOX {9+}\r\nA: b\r\n\r\nx")
        await alice.ask("x SELECT INBOX")
        (answer, *_) = await alice.ask(f"a {off.command}")
        return answer


async def _refused(stranger: Connection) -> list[str]:
    (told, _) = await stranger.ask("a CAPABILITY")
    return ["a OK Begin"] if " STARTTLS " in told else await stranger.ask("a STARTTLS")


@pytest.mark.parametrize("name", sorted(OFF.keys() & _announced()))
def test_what_is_hidden_is_off(name: str, tmp_path: Path) -> None:
    off = OFF[name]
    word = name.partition("=")[0] if "LIMIT=" in name else name
    # What IMAP4rev2 has in its base is of no use without it.
    hidden = f"{word} IMAP4rev2" if name.startswith("LITERAL") else word

    def answer(*, hides: str) -> str:
        return asyncio.run(_first_answer(name, off, tmp_path, hidden=hides))

    assert re.fullmatch(off.served, answer(hides=""))
    assert re.fullmatch(off.hidden, answer(hides=hidden))
