"""`Dialect`: which extensions a client may use, and which of them it has enabled: what the grammar depends on.

An `Extension` is in SERVED once all of its commands have handlers; until then its words are refused as any unknown ones
are, so that a value which nobody can execute never leaves the parser. The session replaces the parser's dialect when
the client enables something, and may hide extensions from it.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final


class Extension(Enum):
    """What the grammar can be widened by; the value is the capability's name, or what ENABLE calls it."""

    __hash__ = object.__hash__  # that of `Enum` is a function of Python, and this is asked for at each command

    ACL = "ACL"
    ANNOTATE = "ANNOTATE-EXPERIMENT-1"
    ANNOTATEMORE = "ANNOTATEMORE"
    APPENDLIMIT = "APPENDLIMIT"
    BINARY = "BINARY"
    CATENATE = "CATENATE"
    COMPRESS_DEFLATE = "COMPRESS=DEFLATE"
    CONDSTORE = "CONDSTORE"
    CONTEXT_SEARCH = "CONTEXT=SEARCH"
    CONTEXT_SORT = "CONTEXT=SORT"
    CREATE_SPECIAL_USE = "CREATE-SPECIAL-USE"
    DIGEST_SHA1 = "DIGEST=SHA1"
    ENABLE = "ENABLE"
    ESEARCH = "ESEARCH"
    ESORT = "ESORT"
    FILTERS = "FILTERS"
    I18NLEVEL_2 = "I18NLEVEL=2"
    ID = "ID"
    IDLE = "IDLE"
    IMAP4REV2 = "IMAP4REV2"
    INPROGRESS = "INPROGRESS"
    LANGUAGE = "LANGUAGE"
    LIST_EXTENDED = "LIST-EXTENDED"
    LIST_METADATA = "LIST-METADATA"
    LIST_MYRIGHTS = "LIST-MYRIGHTS"
    LIST_STATUS = "LIST-STATUS"
    LITERAL_MINUS = "LITERAL-"
    LITERAL_PLUS = "LITERAL+"
    MAILBOX_REFERRALS = "MAILBOX-REFERRALS"
    MESSAGELIMIT = "MESSAGELIMIT"
    METADATA = "METADATA"
    MOVE = "MOVE"
    MULTIAPPEND = "MULTIAPPEND"
    MULTISEARCH = "MULTISEARCH"
    NAMESPACE = "NAMESPACE"
    NOTIFY = "NOTIFY"
    OBJECTID = "OBJECTID"
    PARTIAL = "PARTIAL"
    PREVIEW = "PREVIEW"
    QRESYNC = "QRESYNC"
    QUOTA = "QUOTA"
    QUOTASET = "QUOTASET"
    QUOTA_STORAGE = "QUOTA=RES-STORAGE"
    REPLACE = "REPLACE"
    SASL_IR = "SASL-IR"
    SAVEDATE = "SAVEDATE"
    SAVELIMIT = "SAVELIMIT"
    SEARCHRES = "SEARCHRES"
    SORT = "SORT"
    SORT_DISPLAY = "SORT=DISPLAY"
    SORT_MODSEQ = "SORT=MODSEQ"
    SORT_UID = "SORT=UID"
    SPECIAL_USE = "SPECIAL-USE"
    STARTTLS = "STARTTLS"
    STATUS_SIZE = "STATUS=SIZE"
    THREAD_ORDEREDSUBJECT = "THREAD=ORDEREDSUBJECT"
    THREAD_REFERENCES = "THREAD=REFERENCES"
    THREAD_REFS = "THREAD=REFS"
    UIDONLY = "UIDONLY"
    UIDPLUS = "UIDPLUS"
    UNAUTHENTICATE = "UNAUTHENTICATE"
    UNSELECT = "UNSELECT"
    URL_PARTIAL = "URL-PARTIAL"
    UTF8_ACCEPT = "UTF8=ACCEPT"
    WITHIN = "WITHIN"
    XLIST = "XLIST"


SERVED: Final[frozenset[Extension]] = frozenset(
    {
        Extension.ACL,
        Extension.ANNOTATE,
        Extension.ANNOTATEMORE,
        Extension.APPENDLIMIT,
        Extension.BINARY,
        Extension.CATENATE,
        Extension.COMPRESS_DEFLATE,
        Extension.CONDSTORE,
        Extension.CONTEXT_SEARCH,
        Extension.CONTEXT_SORT,
        Extension.CREATE_SPECIAL_USE,
        Extension.DIGEST_SHA1,
        Extension.ENABLE,
        Extension.ESEARCH,
        Extension.ESORT,
        Extension.FILTERS,
        Extension.I18NLEVEL_2,
        Extension.ID,
        Extension.IDLE,
        Extension.IMAP4REV2,
        Extension.INPROGRESS,
        Extension.LANGUAGE,
        Extension.LIST_EXTENDED,
        Extension.LIST_METADATA,
        Extension.LIST_MYRIGHTS,
        Extension.LIST_STATUS,
        Extension.LITERAL_MINUS,
        Extension.LITERAL_PLUS,
        Extension.MAILBOX_REFERRALS,
        Extension.MESSAGELIMIT,
        Extension.METADATA,
        Extension.MOVE,
        Extension.MULTIAPPEND,
        Extension.MULTISEARCH,
        Extension.NAMESPACE,
        Extension.NOTIFY,
        Extension.OBJECTID,
        Extension.PARTIAL,
        Extension.PREVIEW,
        Extension.QRESYNC,
        Extension.QUOTA,
        Extension.QUOTASET,
        Extension.QUOTA_STORAGE,
        Extension.REPLACE,
        Extension.SASL_IR,
        Extension.SAVEDATE,
        Extension.SAVELIMIT,
        Extension.SEARCHRES,
        Extension.SORT,
        Extension.SORT_DISPLAY,
        Extension.SORT_MODSEQ,
        Extension.SORT_UID,
        Extension.SPECIAL_USE,
        Extension.STARTTLS,
        Extension.STATUS_SIZE,
        Extension.THREAD_ORDEREDSUBJECT,
        Extension.THREAD_REFERENCES,
        Extension.THREAD_REFS,
        Extension.UIDONLY,
        Extension.UIDPLUS,
        Extension.UNAUTHENTICATE,
        Extension.UNSELECT,
        Extension.URL_PARTIAL,
        Extension.UTF8_ACCEPT,
        Extension.WITHIN,
        Extension.XLIST,
    }
)
"""Extensions whose handlers exist."""

_QUOTES_UTF8: Final = frozenset({Extension.IMAP4REV2, Extension.UTF8_ACCEPT})


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one client may say now; `enabled` are those for which it sent ENABLE."""

    served: frozenset[Extension] = SERVED
    enabled: frozenset[Extension] = frozenset()

    @property
    def quotes_utf8(self) -> bool:
        """Whether quoted strings are UTF-8, and all else in them is BAD (RFC 9755 §3, RFC 9051 §4.3)."""
        return not self.enabled.isdisjoint(_QUOTES_UTF8)

    @property
    def has_charset(self) -> bool:
        """Whether a charset may be chosen for a search; not where all text is UTF-8 anyway (RFC 9755 §3)."""
        return Extension.UTF8_ACCEPT not in self.enabled

    @property
    def uid_only(self) -> bool:
        """Whether message numbers are refused (RFC 9586 §3)."""
        return Extension.UIDONLY in self.enabled

    def enabling(self, extensions: Iterable[Extension]) -> "Dialect":
        """The same after ENABLE of these."""
        return Dialect(self.served, self.enabled.union(extensions))

    def serving(self, served: frozenset[Extension]) -> "Dialect":
        """The same where these are served; what is enabled stays so."""
        return self if served is self.served else Dialect(served, self.enabled)


DEFAULT: Final = Dialect()
"""A client that has enabled nothing."""
EVERYTHING: Final = Dialect(frozenset(Extension))
"""All that the grammar knows."""


_NEEDS: Final = {
    Extension.CONTEXT_SEARCH: Extension.ESEARCH,
    Extension.CONTEXT_SORT: Extension.ESORT,
    Extension.ESORT: Extension.SORT,
    Extension.LANGUAGE: Extension.NAMESPACE,
    Extension.LIST_METADATA: Extension.LIST_EXTENDED,
    Extension.LIST_MYRIGHTS: Extension.LIST_EXTENDED,
    Extension.LIST_STATUS: Extension.LIST_EXTENDED,
    Extension.MULTISEARCH: Extension.ESEARCH,
    Extension.PARTIAL: Extension.ESEARCH,
    Extension.QRESYNC: Extension.CONDSTORE,
    Extension.QUOTASET: Extension.QUOTA,
    Extension.SEARCHRES: Extension.ESEARCH,
    Extension.URL_PARTIAL: Extension.CATENATE,
}
"""What goes with what it is built on."""


def is_hidden(capability: str, hidden: AbstractSet[str]) -> bool:
    """Whether a capability is among hidden ones, in capitals: `SORT` stands for `SORT=DISPLAY` too."""
    name = capability.upper()
    return name in hidden or name.partition("=")[0] in hidden


@lru_cache(maxsize=256)
def served_but(hidden: frozenset[str]) -> frozenset[Extension]:
    """What is served to a client from which these capabilities are hidden; one set for many sessions."""

    def is_off(extension: Extension) -> bool:
        needed = _NEEDS.get(extension)
        return is_hidden(extension.value, hidden) or (needed is not None and is_off(needed))

    return frozenset(each for each in SERVED if not is_off(each)) if hidden else SERVED
