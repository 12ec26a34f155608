"""Commands as octets, for every entry of the grammar's table: valid ones, and what mutation makes of them.

The texts are without tag and without the last CRLF; literals are sent without waiting. A text is valid for a client to
which everything is served; what names no mailbox and no message that exists is still valid.
"""

from typing import Final

from hypothesis import strategies as st

Texts = st.SearchStrategy[bytes]


def words(*texts: bytes) -> Texts:
    return st.sampled_from(texts)


def seq(*parts: Texts | bytes) -> Texts:
    """One behind the other."""
    return st.tuples(*[st.just(part) if isinstance(part, bytes) else part for part in parts]).map(b"".join)


def maybe(*parts: Texts | bytes) -> Texts:
    """These, or nothing."""
    return st.just(b"") | seq(*parts)


def spaced(element: Texts, *, least: int = 1, most: int = 4, unique: bool = False) -> Texts:
    return st.lists(element, min_size=least, max_size=most, unique=unique).map(b" ".join)


def listed(element: Texts, *, least: int = 1, most: int = 4, unique: bool = False) -> Texts:
    return seq(b"(", spaced(element, least=least, most=most, unique=unique), b")")


def quoted(octets: bytes) -> bytes:
    return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def literal(octets: bytes) -> bytes:
    return b"{%d+}\r\n%b" % (len(octets), octets)


def literal8(octets: bytes) -> bytes:
    return b"~" + literal(octets)


# Terminals

TAGS: Final = words(b"a", b"A1", b"x.y-z", b"0", b"]")
ATOMS: Final = words(b"a", b"b7", b"red", b"x-y", b"NIL", b"nil", b"$Forwarded")
SAFE_TEXTS: Final = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=6).map(str.encode)
STRINGS: Final = (words(b"", b"news", b"a b", b'a"b\\c', b"\\", b"x" * 300) | SAFE_TEXTS).flatmap(
    lambda octets: words(quoted(octets), literal(octets))
)
ASTRINGS: Final = ATOMS | STRINGS
NSTRINGS: Final = words(b"NIL") | STRINGS
NVALUES: Final = NSTRINGS | words(literal8(b"a\0b"), literal8(b""), literal(b"a\r\nb"))
NUMBERS: Final = words(b"0", b"1", b"2", b"17", b"4096", b"4294967295", b"9223372036854775807")
NZ_NUMBERS: Final = words(b"1", b"2", b"17", b"4294967295")
SETS: Final = words(
    b"1", b"1:*", b"*", b"2", b"1:2", b"3:1,2", b"2:3,9:*", b"4294967295", b"1:4294967295", b"1,1,1", b"$"
)
KNOWN_SETS: Final = words(b"1", b"1:3", b"2,4:9", b"1:4294967295")
FLAGS: Final = words(
    b"\\Seen", b"\\Answered", b"\\Flagged", b"\\Deleted", b"\\Draft", b"red", b"$Forwarded", b"NIL", b"k" * 40
)
MAILBOXES: Final = words(
    *(b"INBOX", b"inbox", b"Work", b"Work/Sub", b"Drafts", b"Sent", b'"with space"', b"Entw&APw-rfe", b'"a&-b"'),
    *(b'"Other Users/bob"', b'"Other Users/bob/Common"', b'"Other Users/alice"', b'"Shared Folders/Team"'),
    *(b"user/alice", b"user/bob", b"user/carol", b"user/alice/Work", b"shared", b"DELETED", b"nowhere", b'""'),
    *(
        b"NIL",
        b"nil",
        b'"a//b"',
        b"/x",
        b"x/",
        b"a&b",
        b"&AAA-",
        b"%",
        b"*",
        b'"\xc3\xbc"',
        b'"\xff"',
        b"#x",
        b".",
        b"~",
    ),
    *(
        literal(b"Work"),
        literal(b"a\r\nb"),
        literal(b'q"uo\\te'),
        b"n" * 500,
        b"/".join([b"d"] * 60),
        b"user",
        b"INBOX/x",
    ),
)
LIVE_MAILBOXES: Final = words(
    b"INBOX", b"Work", b"Work/Sub", b"Drafts", b'"Other Users/bob"', b'"Other Users/alice"', b"Sent"
)
TARGETS: Final = LIVE_MAILBOXES | LIVE_MAILBOXES | MAILBOXES
IDENTIFIERS: Final = words(
    b"alice", b"bob", b"carol", b"anyone", b"anonymous", b"-bob", b"group:staff", b'""', b"NIL", b'"\xc3\xbc"', b"owner"
)
PATTERNS: Final = words(
    b"*", b"%", b"%/%", b'""', b"INBOX", b"Wo*k", b"*%*", b"*" * 40, b"Work/%", b'"\xff"', b"&", b"NIL", b"%" * 30
)
DATES: Final = words(b"1-Jan-2020", b'"01-Feb-2023"', b"31-Dec-9999", b"29-Feb-2024", b"1-Jan-1970")
CHARSETS: Final = words(b"UTF-8", b"US-ASCII", b"ISO-8859-1", b"utf-8")

# Items of FETCH

_SECTIONS: Final = words(
    *(
        b"",
        b"TEXT",
        b"HEADER",
        b"1",
        b"1.MIME",
        b"1.TEXT",
        b"2",
        b"2.HEADER",
        b"1.1",
        b"2.1.HEADER",
        b"99",
        b"4294967295",
    ),
    *(
        b"HEADER.FIELDS (Subject)",
        b"HEADER.FIELDS.NOT (To From)",
        b'HEADER.FIELDS ("x y" NIL)',
        b"HEADER.FIELDS ({2+}\r\nTo)",
    ),
)
_PARTIALS: Final = words(b"", b"", b"<0.1>", b"<0.10>", b"<3.9223372036854775807>", b"<9223372036854775807.1>")
_ENTRIES: Final = words(b"/comment", b"/altsubject", b"*", b"/vendor/x", b"/%", b"/1/comment", b"%")
_ATTRIBUTES: Final = words(b"value", b"value.priv", b"value.shared", b"size", b"size.priv", b"size.shared", b"*", b"x")
ITEMS: Final = st.one_of(
    words(b"FLAGS", b"UID", b"MODSEQ", b"INTERNALDATE", b"RFC822.SIZE", b"ENVELOPE", b"BODY", b"BODYSTRUCTURE"),
    words(b"RFC822", b"RFC822.HEADER", b"RFC822.TEXT", b"EMAILID", b"THREADID", b"SAVEDATE", b"DIGEST.SHA1", b"flags"),
    words(b"PREVIEW", b"PREVIEW (LAZY)", b"BINARY.SIZE[1]", b"BINARY.SIZE[]", b"BINARY.SIZE[2.1]"),
    seq(words(b"BODY[", b"BODY.PEEK["), _SECTIONS, b"]", _PARTIALS),
    seq(words(b"BINARY[", b"BINARY.PEEK["), words(b"", b"1", b"2", b"1.2", b"77"), b"]", _PARTIALS),
    seq(b"ANNOTATION (", _ENTRIES | listed(_ENTRIES), b" ", _ATTRIBUTES | listed(_ATTRIBUTES), b")"),
)
ITEM_LISTS: Final = words(b"ALL", b"FAST", b"FULL") | ITEMS | listed(ITEMS, most=6)
RANGES: Final = words(b"1:10", b"-1:-3", b"5:2", b"4294967295:1")

# Search keys

_KEYWORD_KEYS: Final = words(
    *(b"ALL", b"ANSWERED", b"DELETED", b"DRAFT", b"FLAGGED", b"NEW", b"OLD", b"RECENT", b"SEEN", b"UNANSWERED"),
    *(b"UNDELETED", b"UNDRAFT", b"UNFLAGGED", b"UNSEEN", b"SAVEDATESUPPORTED", b"seen"),
)
_LEAVES: Final = st.one_of(
    _KEYWORD_KEYS,
    seq(words(b"KEYWORD ", b"UNKEYWORD "), words(b"red", b"$Forwarded", b"nothing")),
    seq(words(b"BEFORE ", b"ON ", b"SINCE ", b"SENTBEFORE ", b"SENTON ", b"SENTSINCE "), DATES),
    seq(words(b"SAVEDBEFORE ", b"SAVEDON ", b"SAVEDSINCE "), DATES),
    seq(words(b"YOUNGER ", b"OLDER "), NZ_NUMBERS),
    seq(words(b"LARGER ", b"SMALLER "), NUMBERS),
    seq(words(b"FROM ", b"TO ", b"CC ", b"BCC ", b"SUBJECT ", b"BODY ", b"TEXT "), ASTRINGS),
    seq(b"HEADER ", words(b"Subject", b"X-Any", b'""', b"message-id"), b" ", ASTRINGS),
    seq(b"UID ", SETS),
    SETS,
    seq(words(b"MODSEQ ", b'MODSEQ "/flags/\\\\Seen" all '), NUMBERS),
    seq(words(b"EMAILID ", b"THREADID "), words(b"x", b"M-1", b'"A_b"')),
    seq(b"ANNOTATION ", words(b"/comment", b"*"), words(b" value ", b" value.priv "), NSTRINGS),
    seq(b"FILTER ", words(b"work", b"none")),
)
KEYS: Final = st.recursive(
    _LEAVES,
    lambda keys: seq(b"NOT ", keys) | seq(b"OR ", keys, b" ", keys) | seq(b"(", spaced(keys, most=3), b")"),
    max_leaves=6,
)
_KEYS: Final = spaced(KEYS, most=3)
RETURNS: Final = st.one_of(
    words(b"RETURN () "),
    seq(b"RETURN ", listed(words(b"MIN", b"MAX", b"COUNT", b"ALL", b"SAVE", b"CONTEXT", b"UPDATE"), least=0), b" "),
    seq(b"RETURN (PARTIAL ", RANGES, maybe(words(b" COUNT", b" SAVE", b" MIN", b" UPDATE", b" CONTEXT")), b") "),
)
_CRITERIA: Final = listed(
    seq(
        maybe(b"REVERSE "),
        words(
            b"ARRIVAL",
            b"CC",
            b"DATE",
            b"FROM",
            b"SIZE",
            b"SUBJECT",
            b"TO",
            b"DISPLAYFROM",
            b"DISPLAYTO",
            b"MODSEQ",
            b"UID",
        )
        | words(b"ANNOTATION /comment value.priv"),
    )
)
_SEARCH: Final = seq(b"SEARCH ", maybe(RETURNS), maybe(b"CHARSET ", CHARSETS, b" "), _KEYS)
_SORT: Final = seq(b"SORT ", maybe(RETURNS), _CRITERIA, b" ", CHARSETS, b" ", _KEYS)
_THREAD: Final = seq(b"THREAD ", words(b"ORDEREDSUBJECT", b"REFERENCES", b"REFS"), b" ", CHARSETS, b" ", _KEYS)

# Messages and mailboxes

_ODD_HEADER: Final = b"""\
Subject: =?utf-8?q?=C3=BC?=
From: "a\\"b" <a@example.org>, g: x@y, z;
To: undisclosed:;
Message-ID: <1@x>
In-Reply-To: <0@x>
References: <0@x> <00@x>
Date: Mon, 7 Feb 1994 21:52:25 -0800

hi
"""
_MULTIPART: Final = b"""\
Content-Type: multipart/mixed; boundary=b

--b

one
--b
Content-Type: message/rfc822

Subject: in

x
--b
Content-Transfer-Encoding: base64
Content-Type: application/x; name*=utf-8''%c3%bc
Content-Disposition: attachment; filename="\\""
Content-Language: de, en

AP8K!!
--b--
"""
MAILS: Final = (
    b"Subject: one\r\n\r\nbody\r\n",
    b"",
    b"\r\n",
    b"no header at all",
    _ODD_HEADER.replace(b"\n", b"\r\n"),
    _MULTIPART.replace(b"\n", b"\r\n"),
    b'Content-Type: multipart/mixed; boundary=""\r\n\r\n----\r\n',
    b"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\n\r\nx",
    b"Subject: \xff\xfe raw\r\nFrom: \xc3\xbc@\xc3\xbc\r\n\r\n\xe9\r\n",
    b"Subject: " + b"x" * 2000 + b"\r\n" + b"To: <a@b>\r\n" * 20 + b"\r\n" + b"line\r\n" * 50,
    b"Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-16\r\n\r\na=\r\n=zz=3D=00=",
    b"Subject: nul\r\n\r\na\0b\r\n",
    b"Subject: bare\n\nlf\n",
    b"Subject: cr\r\r\n\r\r\n\r",
)
_MAIL_FLAGS: Final = seq(listed(FLAGS, least=0), b" ")
_MAIL_DATE: Final = words(b'" 7-Feb-1994 21:52:25 -0800" ', b'"17-Jul-2026 02:44:25 +1400" ')
_MAIL_NOTES: Final = words(
    b'ANNOTATION (/comment (value.priv "x")) ', b"ANNOTATION (/altsubject (value.shared {3+}\r\nabc)) "
)
_URLS: Final = words(
    *(b"/INBOX/;uid=1", b"/INBOX/;uid=1/;section=1", b"/INBOX;UIDVALIDITY=1/;uid=2", b"/INBOX/;uid=1/;partial=0.5"),
    *(b"/nowhere/;uid=1", b"imap://x/INBOX/;uid=1", b'"/a b/;uid=1"', b"INBOX", b"/INBOX/;uid=99/;section=TEXT"),
)
_MAIL_DATA: Final = st.one_of(
    words(*map(literal, MAILS)),
    words(*map(literal8, MAILS)),
    words(*[b"UTF8 (" + literal8(mail) + b")" for mail in MAILS[:3]]),
    seq(b"CATENATE ", listed(seq(b"TEXT ", words(*map(literal, MAILS))) | seq(b"URL ", _URLS))),
)
_MAIL: Final = seq(maybe(_MAIL_FLAGS), maybe(_MAIL_DATE), maybe(_MAIL_NOTES), _MAIL_DATA)
_REPLACE: Final = seq(b"REPLACE ", words(b"1", b"2", b"*", b"99"), b" ", TARGETS, b" ", _MAIL)
_STATUS_ITEMS: Final = listed(
    words(
        *(b"MESSAGES", b"RECENT", b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN", b"SIZE", b"DELETED", b"HIGHESTMODSEQ"),
        *(b"MAILBOXID", b"APPENDLIMIT", b"DELETED-STORAGE"),
    ),
    most=6,
)
_SELECT_PARAMETERS: Final = maybe(
    b" ",
    listed(
        words(b"CONDSTORE", b"ANNOTATE")
        | seq(
            b"QRESYNC (",
            NZ_NUMBERS,
            b" ",
            NZ_NUMBERS,
            maybe(b" ", KNOWN_SETS),
            maybe(b" (", KNOWN_SETS, b" ", KNOWN_SETS, b")"),
            b")",
        )
    ),
)
_METADATA_ENTRIES: Final = words(
    *(b"/private/comment", b"/shared/comment", b"/private/*", b"/shared/%", b'"/shared/vendor/cmu/cyrus-imapd/expire"'),
    *(
        b"/private/vendor/x/y",
        b"/shared/admin",
        b"/private/specialuse",
        b"/SHARED/Comment",
        b"/private/filters/values/a",
    ),
)
_METADATA_NAMES: Final = words(
    *(b"/private/comment", b"/shared/comment", b"/private/vendor/x/y", b"/shared/admin", b"/private/specialuse"),
    *(b"/shared/vendor/cmu/cyrus-imapd/expire", b"/private/filters/values/work"),
)
_LIST_SELECTIONS: Final = words(
    b"() ", b"(SUBSCRIBED) ", b"(REMOTE) ", b"(SUBSCRIBED RECURSIVEMATCH) ", b"(SPECIAL-USE) "
)
_LIST_RETURNS: Final = listed(
    words(b"SUBSCRIBED", b"CHILDREN", b"SPECIAL-USE", b"MYRIGHTS")
    | seq(b"STATUS ", _STATUS_ITEMS)
    | seq(b"METADATA ", listed(_METADATA_ENTRIES)),
    least=0,
)
_FILTERS: Final = st.one_of(
    words(b"inboxes", b"personal", b"subscribed"),
    seq(words(b"subtree ", b"mailboxes "), TARGETS | listed(TARGETS)),
)
_MESSAGE_EVENTS: Final = words(
    *(b"(MessageNew MessageExpunge)", b"NONE", b"(MessageNew MessageExpunge FlagChange AnnotationChange)"),
    b"(FlagChange MessageNew MessageExpunge)",
)
_EVENTS: Final = st.one_of(
    _MESSAGE_EVENTS,
    words(b"(MailboxName SubscriptionChange)", b"(MailboxMetadataChange ServerMetadataChange)", b"(MailboxName)"),
    words(b"(FlagChange)", b"(Unknown)"),
)
_EVENT_GROUPS: Final = st.one_of(
    seq(b"(", _FILTERS, b" ", _EVENTS, b")"),
    seq(b"(", words(b"selected", b"selected-delayed"), b" ", _MESSAGE_EVENTS, b")"),
    words(b"(selected (MessageNew (UID FLAGS BODY.PEEK[HEADER.FIELDS (Subject)]) MessageExpunge FlagChange))"),
)

_PAIR_PATTERN: Final = seq(b" ", MAILBOXES | words(b'""'), b" ", PATTERNS)
_ONE: Final = seq(b" ", TARGETS)

COMMANDS: Final[dict[bytes, Texts]] = {
    b"APPEND": seq(b"APPEND ", TARGETS, b" ", _MAIL, maybe(b" ", _MAIL)),
    b"AUTHENTICATE": seq(
        b"AUTHENTICATE ",
        words(b"PLAIN", b"LOGIN", b"ANONYMOUS", b"SCRAM-SHA-256", b"X"),
        maybe(b" ", words(b"=", b"AGFsaWNlAHNlY3JldA==", b"!!", b"AA", b"eA==", b"/" * 900)),
    ),
    b"CANCELUPDATE": seq(b"CANCELUPDATE ", spaced(words(b'"a1"', b'"x"', b'""'))),
    b"CAPABILITY": words(b"CAPABILITY", b"capability"),
    b"CHECK": words(b"CHECK"),
    b"CLOSE": words(b"CLOSE"),
    b"COMPARATOR": seq(
        b"COMPARATOR", maybe(b" ", spaced(words(b"i;octet", b'"i;ascii-casemap"', b"*", b"i;unicode-casemap", b"x")))
    ),
    b"COMPRESS": seq(b"COMPRESS ", words(b"DEFLATE", b"X")),
    b"COPY": seq(b"COPY ", SETS, _ONE),
    b"CREATE": seq(
        b"CREATE",
        _ONE,
        maybe(
            words(b" default", b" archive", b" nowhere", b" (USE (\\Sent))", b" (USE (\\X) PARTITION a)", b" (USE ())")
        ),
    ),
    b"DELETE": seq(b"DELETE", _ONE),
    b"DELETEACL": seq(b"DELETEACL", _ONE, b" ", IDENTIFIERS),
    b"ENABLE": seq(
        b"ENABLE ", spaced(words(b"CONDSTORE", b"QRESYNC", b"IMAP4REV2", b"UTF8=ACCEPT", b"UIDONLY", b"X", b"NIL"))
    ),
    b"ESEARCH": seq(b"ESEARCH ", maybe(b"IN ", listed(_FILTERS | words(b"selected")), b" "), maybe(RETURNS), _KEYS),
    b"EXAMINE": seq(b"EXAMINE", _ONE, _SELECT_PARAMETERS),
    b"EXPUNGE": words(b"EXPUNGE"),
    b"FETCH": seq(b"FETCH ", SETS, b" ", ITEM_LISTS, maybe(b" (CHANGEDSINCE ", NUMBERS, b")")),
    b"GETACL": seq(b"GETACL", _ONE),
    b"GETANNOTATION": seq(
        b"GETANNOTATION ", MAILBOXES, b" ", _ENTRIES | listed(_ENTRIES), b" ", _ATTRIBUTES | listed(_ATTRIBUTES)
    ),
    b"GETMETADATA": seq(
        b"GETMETADATA ",
        maybe(listed(words(b"MAXSIZE 10", b"DEPTH 1", b"DEPTH infinity"), most=1), b" "),
        TARGETS | words(b'""'),
        b" ",
        _METADATA_ENTRIES | listed(_METADATA_ENTRIES),
    ),
    b"GETQUOTA": seq(b"GETQUOTA", _ONE),
    b"GETQUOTAROOT": seq(b"GETQUOTAROOT", _ONE),
    b"ID": seq(b"ID ", words(b"NIL", b"()", b'("name" "x")', b'("a" NIL "b" {2+}\r\nxy)', b'("version" "\xff")')),
    b"IDLE": words(b"IDLE"),
    b"LANGUAGE": seq(b"LANGUAGE", maybe(b" ", spaced(words(b"en", b"*", b"de", b'"i-default"', b"default")))),
    b"LIST": seq(
        b"LIST ",
        maybe(_LIST_SELECTIONS),
        MAILBOXES | words(b'""'),
        b" ",
        PATTERNS | listed(PATTERNS),
        maybe(b" RETURN ", _LIST_RETURNS),
    ),
    b"LISTRIGHTS": seq(b"LISTRIGHTS", _ONE, b" ", IDENTIFIERS),
    b"LOGIN": words(
        b"LOGIN alice secret",
        b"LOGIN bob secret",
        b"LOGIN alice wrong",
        b'LOGIN "" ""',
        b"LOGIN {5+}\r\nalice {6+}\r\nsecret",
        b"LOGIN \xff x",
    ),
    b"LOGOUT": words(b"LOGOUT"),
    b"LSUB": seq(b"LSUB", _PAIR_PATTERN),
    b"MOVE": seq(b"MOVE ", SETS, _ONE),
    b"MYRIGHTS": seq(b"MYRIGHTS", _ONE),
    b"NAMESPACE": words(b"NAMESPACE"),
    b"NOOP": words(b"NOOP", b"noop"),
    b"NOTIFY": words(b"NOTIFY NONE") | seq(b"NOTIFY SET ", maybe(b"STATUS "), spaced(_EVENT_GROUPS, most=2)),
    b"RENAME": seq(b"RENAME", _ONE, _ONE, maybe(words(b" default", b" nowhere"))),
    b"REPLACE": _REPLACE,
    b"RLIST": seq(b"RLIST", _PAIR_PATTERN),
    b"RLSUB": seq(b"RLSUB", _PAIR_PATTERN),
    b"SEARCH": _SEARCH,
    b"SELECT": seq(b"SELECT", _ONE, _SELECT_PARAMETERS),
    b"SETACL": seq(
        b"SETACL",
        _ONE,
        b" ",
        IDENTIFIERS,
        b" ",
        words(b"lrs", b"+te", b"-w", b'""', b"lrswipkxtecdan", b"Q", b"+", b'"\xff"'),
    ),
    b"SETANNOTATION": seq(
        b"SETANNOTATION ",
        MAILBOXES,
        b" ",
        words(b"/comment", b"/vendor/cmu/cyrus-imapd/expire"),
        b" (",
        words(b"value.priv ", b"value.shared "),
        NVALUES,
        b")",
    ),
    b"SETMETADATA": seq(b"SETMETADATA ", TARGETS | words(b'""'), b" ", listed(seq(_METADATA_NAMES, b" ", NVALUES))),
    b"SETQUOTA": seq(
        b"SETQUOTA",
        _ONE,
        b" ",
        listed(seq(words(b"STORAGE ", b"MESSAGE ", b"MAILBOX ", b"ANNOTATION-STORAGE ", b"X "), NUMBERS), least=0),
    ),
    b"SORT": _SORT,
    b"STARTTLS": words(b"STARTTLS"),
    b"STATUS": seq(b"STATUS", _ONE, b" ", _STATUS_ITEMS),
    b"STORE": seq(
        b"STORE ",
        SETS,
        b" ",
        maybe(b"(UNCHANGEDSINCE ", NUMBERS, b") "),
        seq(words(b"", b"+", b"-"), words(b"FLAGS ", b"FLAGS.SILENT "), listed(FLAGS, least=0) | spaced(FLAGS))
        | seq(
            b"ANNOTATION (",
            words(b"/comment", b"/altsubject", b"/vendor/x"),
            b" (",
            words(b"value.priv ", b"value.shared "),
            NVALUES,
            b"))",
        ),
    ),
    b"SUBSCRIBE": seq(b"SUBSCRIBE", _ONE),
    b"THREAD": _THREAD,
    b"UNAUTHENTICATE": words(b"UNAUTHENTICATE"),
    b"UNSELECT": words(b"UNSELECT"),
    b"UNSUBSCRIBE": seq(b"UNSUBSCRIBE", _ONE),
    b"XLIST": seq(b"XLIST", _PAIR_PATTERN),
}
"""By name."""

_UID: Final = seq(b"UID ")
UID_COMMANDS: Final[dict[bytes, Texts]] = {
    **{
        name: seq(b"UID ", COMMANDS[name])
        for name in (b"COPY", b"MOVE", b"REPLACE", b"SEARCH", b"SORT", b"STORE", b"THREAD")
    },
    b"EXPUNGE": seq(b"UID EXPUNGE ", SETS),
    b"FETCH": seq(
        b"UID FETCH ",
        SETS,
        b" ",
        ITEM_LISTS,
        maybe(
            b" (",
            words(b"CHANGEDSINCE 1", b"CHANGEDSINCE 1 VANISHED", b"PARTIAL 1:2", b"PARTIAL -1:-9 CHANGEDSINCE 0"),
            b")",
        ),
    ),
}
"""By what follows UID."""

ENDING: Final = frozenset({b"LOGOUT", b"UNAUTHENTICATE"})
"""Commands behind which little can happen; fewer of them are more."""

ANY: Final = st.one_of([*COMMANDS.values(), *UID_COMMANDS.values()])
MOST: Final = st.one_of([texts for name, texts in COMMANDS.items() if name not in ENDING] + list(UID_COMMANDS.values()))

# What breaks them

FRAGMENTS: Final = (
    *(
        b"(",
        b")",
        b'"',
        b"\\",
        b"[",
        b"]",
        b"{",
        b"}",
        b"<",
        b">",
        b"*",
        b"%",
        b"$",
        b":",
        b",",
        b"-",
        b"+",
        b"~",
        b"=",
        b"/",
    ),
    *(
        b" ",
        b"  ",
        b"\t",
        b"\r",
        b"\n",
        b"\r\n",
        b"\0",
        b"\x7f",
        b"\xff",
        b"\xc3\xbc",
        b"&",
        b"NIL",
        b"0",
        b"-1",
        b"1.5",
    ),
    *(
        b"{0}",
        b"{0+}\r\n",
        b"{3+}\r\nabc",
        b"{3}\r\nabc",
        b"{20+}\r\nq NOOP\r\n",
        b"~{2+}\r\n\0\0",
        b"{99999999999}\r\n",
        b"{01+}\r\na",
        b"{-1}\r\n",
    ),
    *(
        b"18446744073709551616",
        b"4294967296",
        b"99999999999999999999999",
        b"UID ",
        b"RETURN ",
        b"((((((((((",
        b"NOT " * 60,
        b"(" * 60,
    ),
    *(b"x" * 5000, b"\\Recent", b"\\*", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"&2D3eAA-", b"/" * 300),
)


@st.composite
def broken(draw: st.DrawFn, texts: Texts = ANY) -> bytes:
    """A text with one to four faults."""
    text = draw(texts)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        match draw(st.integers(0, 4)):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:start] + draw(st.sampled_from(FRAGMENTS)) + text[start:]
            case 2:
                text = text[:start] + draw(st.sampled_from(FRAGMENTS)) + text[end:]
            case 3:
                text = text[:end] + text[start:]
            case _:
                text = text[:start] + bytes([draw(st.integers(0, 255))]) + text[start + 1 :]
    return text


HOSTILE: Final = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(b"".join),
    broken(),
)
"""Octets that are perhaps no command at all."""
