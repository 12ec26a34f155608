"""What is announced (RFC 9051 §6.1.1): one table, in the order of Cyrus; and what is hidden from some clients.

A capability has its line here with the change that makes all of it work. One whose name is that of an `Extension` is
announced only where that is served, so what is hidden from a client is refused to it as well, and nothing is announced
that the grammar does not know.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from angarium.config import Settings

from .dialect import SERVED, Extension, is_hidden
from .limits import append_limit


class Moment(Enum):
    """When capabilities are told."""

    GREETING = auto()
    """In the code of the greeting: the short list."""
    BEFORE_LOGIN = auto()
    AFTER_LOGIN = auto()


@dataclass(frozen=True, slots=True)
class Occasion:
    """What decides what is announced to a client now."""

    moment: Moment
    settings: Settings
    mechanisms: Sequence[str] = ()
    """SASL mechanisms that it may use."""
    plaintext_allowed: bool = True
    """Whether it may use LOGIN."""
    served: AbstractSet[Extension] = SERVED
    hidden: AbstractSet[str] = frozenset()
    """Names or whole words that are hidden from it, in capitals."""
    starttls: bool = False
    """Whether TLS may be begun."""
    sieve_url: str = ""
    """Where scripts are managed (RFC 5804 §3); empty where they are not."""


def _once(_: Occasion) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Capability:
    """A line of the table: `words` makes what is announced where that is more than the name."""

    name: str
    condition: Callable[[Occasion], bool] = _once
    words: Callable[[Occasion], Iterable[str]] | None = None
    in_greeting: bool = False

    def announced(self, occasion: Occasion) -> Iterator[str]:
        """What is announced of it now."""
        if occasion.moment is Moment.GREETING and not self.in_greeting:
            return
        extension = _EXTENSIONS.get(self.name.upper())
        if extension is not None and extension not in occasion.served:
            return
        if is_hidden(self.name, occasion.hidden) or not self.condition(occasion):
            return
        for word in [self.name] if self.words is None else self.words(occasion):
            if not is_hidden(word, occasion.hidden):
                yield word


_EXTENSIONS: Final = {extension.value.upper(): extension for extension in Extension}


def _before_login(occasion: Occasion) -> bool:
    return occasion.moment is not Moment.AFTER_LOGIN


def _after_login(occasion: Occasion) -> bool:
    return occasion.moment is Moment.AFTER_LOGIN


def _starts_tls(occasion: Occasion) -> bool:
    return _before_login(occasion) and occasion.starttls


def _login_disabled(occasion: Occasion) -> bool:
    # Cyrus goes on with it after login; RFC 9051 §6.2.3 speaks of a command that is of no use there anyway.
    return _before_login(occasion) and not occasion.plaintext_allowed


def _has_mechanisms(occasion: Occasion) -> bool:
    return _before_login(occasion) and bool(occasion.mechanisms)


def _mechanisms(occasion: Occasion) -> Iterable[str]:
    return [f"AUTH={name}" for name in occasion.mechanisms]


def _idle_is_on(occasion: Occasion) -> bool:
    return bool(occasion.settings.imap.imapidlepoll)


def _catenates(occasion: Occasion) -> bool:
    return Extension.CATENATE in occasion.served


def _has_legacy_annotations(occasion: Occasion) -> bool:
    return occasion.settings.annotations.annotation_enable_legacy_commands


_QUOTA_RESOURCES: Final = ("STORAGE", "MESSAGE", "ANNOTATION-STORAGE", "MAILBOX")
_CYRUS_QUOTA_RESOURCES: Final = ("STORAGE", "MESSAGE", "X-ANNOTATION-STORAGE", "X-NUM-FOLDERS")
"""The names by which SETQUOTA of Cyrus knows them."""


def _message_limit(occasion: Occasion) -> Iterable[str]:
    limit = occasion.settings.imap.messagelimit
    return [f"MESSAGELIMIT={limit}"] if limit else []


def _save_limit(occasion: Occasion) -> Iterable[str]:
    # Part of the other (RFC 9738 §3)
    imap = occasion.settings.imap
    return [f"SAVELIMIT={imap.savelimit}"] if imap.savelimit and not imap.messagelimit else []


def _imapsieve(occasion: Occasion) -> Iterable[str]:
    # RFC 6785 §2.1: the capability names the ManageSieve service
    is_on = occasion.sieve_url and occasion.settings.sieve.imapsieve
    return [f"IMAPSIEVE={occasion.sieve_url}"] if is_on else []


def _append_limit(occasion: Occasion) -> Iterable[str]:
    # One limit for all mailboxes (RFC 7889 §3)
    return [f"APPENDLIMIT={append_limit(occasion.settings)}"]


_TABLE: Final = (
    Capability("IMAP4rev1", in_greeting=True),
    Capability("IMAP4rev2", in_greeting=True),
    # Never both (RFC 7888 §5)
    Capability("LITERAL+", lambda occasion: not occasion.settings.imap.literalminus, in_greeting=True),
    Capability("LITERAL-", lambda occasion: occasion.settings.imap.literalminus, in_greeting=True),
    Capability("ID", in_greeting=True),
    Capability("ENABLE", in_greeting=True),
    # Standards by the alphabet, ACL to WITHIN
    Capability("ACL"),
    Capability("ANNOTATE-EXPERIMENT-1"),
    Capability("BINARY"),
    Capability("CATENATE"),
    Capability("CHILDREN"),
    Capability("CONDSTORE"),
    Capability("CONTEXT=SEARCH"),
    Capability("CONTEXT=SORT"),
    Capability("CREATE-SPECIAL-USE"),
    Capability("ESEARCH"),
    Capability("ESORT"),
    Capability("FILTERS"),
    Capability("I18NLEVEL=2"),
    Capability("IMAPSIEVE", words=_imapsieve),
    Capability("INPROGRESS"),
    # In the greeting too (RFC 5255 §3.1)
    Capability("LANGUAGE", in_greeting=True),
    Capability("LIST-EXTENDED"),
    Capability("LIST-MYRIGHTS"),
    Capability("LIST-STATUS"),
    Capability("MAILBOX-REFERRALS"),
    Capability("MESSAGELIMIT", words=_message_limit),
    Capability("METADATA"),
    Capability("MOVE"),
    Capability("MULTIAPPEND"),
    Capability("MULTISEARCH"),
    Capability("NAMESPACE"),
    Capability("NOTIFY"),
    Capability("OBJECTID"),
    Capability("PARTIAL"),
    Capability("PREVIEW"),
    Capability("QRESYNC"),
    Capability("QUOTA"),
    *[Capability(f"QUOTA=RES-{resource}") for resource in _QUOTA_RESOURCES],
    Capability("QUOTASET"),
    Capability("REPLACE"),
    Capability("RIGHTS=kxten"),
    Capability("SAVEDATE"),
    Capability("SAVELIMIT", words=_save_limit),
    Capability("SEARCHRES"),
    Capability("SORT"),
    Capability("SORT=DISPLAY"),
    Capability("SPECIAL-USE"),
    Capability("STATUS=SIZE"),
    Capability("THREAD=ORDEREDSUBJECT"),
    Capability("THREAD=REFERENCES"),
    Capability("UIDONLY"),
    Capability("UIDPLUS"),
    Capability("UNSELECT"),
    Capability("URL-PARTIAL", _catenates),
    Capability("UTF8=ACCEPT"),
    Capability("WITHIN"),
    # Not (yet) standards in Cyrus's days, by the alphabet again: ANNOTATEMORE to XLIST, LIST-METADATA among them
    Capability("ANNOTATEMORE", _has_legacy_annotations),
    Capability("DIGEST=SHA1"),
    Capability("LIST-METADATA"),
    Capability("SORT=MODSEQ"),
    Capability("SORT=UID"),
    Capability("THREAD=REFS"),
    Capability("XLIST"),
    # About the connection
    Capability("STARTTLS", _starts_tls, in_greeting=True),
    Capability("LOGINDISABLED", _login_disabled, in_greeting=True),
    Capability("AUTH", _has_mechanisms, _mechanisms, in_greeting=True),
    Capability("SASL-IR", _has_mechanisms, in_greeting=True),
    Capability("UNAUTHENTICATE", _after_login),
    Capability("COMPRESS=DEFLATE"),
    # About the server's settings: quota resources, IDLE, APPENDLIMIT=
    *[Capability(f"X-QUOTA={resource}") for resource in _CYRUS_QUOTA_RESOURCES],
    Capability("IDLE", _idle_is_on),
    Capability("APPENDLIMIT", words=_append_limit),
)
"""In the order of the announcement. The parts between comments are those of Cyrus's list."""


def capabilities(occasion: Occasion) -> list[bytes]:
    """What is announced to a client, in order."""
    return [word.encode("ascii") for line in _TABLE for word in line.announced(occasion)]
