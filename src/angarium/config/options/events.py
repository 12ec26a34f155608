"""Notifications of what happens in the store (RFC 5423)."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

from angarium.config.kinds import Choice, Chosen, Duration, FilePath, Size, Switch, ValueRefused, Words
from angarium.config.option import Scope, option, optional

E = TypeVar("E", bound=StrEnum)


class EventNotifier(StrEnum):
    """Where events go."""

    EXTERNAL = "external"
    SOCKET = "socket"
    WEBHOOK = "webhook"
    NULL = "null"
    LOG = "log"
    MAILTO = "mailto"
    ZEPHYR = "zephyr"


SERVED_NOTIFIERS: Final = frozenset(
    {EventNotifier.EXTERNAL, EventNotifier.SOCKET, EventNotifier.WEBHOOK, EventNotifier.NULL}
)


class EventGroup(StrEnum):
    """Events that are turned on together."""

    MESSAGE = "message"
    QUOTA = "quota"
    FLAGS = "flags"
    ACCESS = "access"
    MAILBOX = "mailbox"
    SUBSCRIPTION = "subscription"
    CALENDAR = "calendar"
    APPLEPUSHSERVICE = "applepushservice"
    JMAP = "jmap"


SERVED_GROUPS: Final = frozenset(EventGroup) - {EventGroup.CALENDAR, EventGroup.APPLEPUSHSERVICE, EventGroup.JMAP}


class EventParameter(StrEnum):
    """Members that an event has only if they are asked for."""

    BODYSTRUCTURE = "bodyStructure"
    CLIENTADDRESS = "clientAddress"
    DISKUSED = "diskUsed"
    FLAGNAMES = "flagNames"
    MESSAGECONTENT = "messageContent"
    MESSAGESIZE = "messageSize"
    MESSAGES = "messages"
    MODSEQ = "modseq"
    SERVICE = "service"
    TIMESTAMP = "timestamp"
    UIDNEXT = "uidnext"
    MIDSET = "vnd.cmu.midset"
    UNSEENMESSAGES = "vnd.cmu.unseenMessages"
    ENVELOPE = "vnd.cmu.envelope"
    SESSIONID = "vnd.cmu.sessionId"
    MAILBOXACL = "vnd.cmu.mailboxACL"
    MBTYPE = "vnd.cmu.mbtype"
    EMAILID = "vnd.cmu.emailid"
    THREADID = "vnd.cmu.threadid"
    VISIBLEUSERS = "vnd.cmu.visibleUsers"
    DAVFILENAME = "vnd.cmu.davFilename"
    DAVUID = "vnd.cmu.davUid"
    FASTMAIL_CLIENTID = "vnd.fastmail.clientId"
    FASTMAIL_SESSIONID = "vnd.fastmail.sessionId"
    FASTMAIL_CONVEXISTS = "vnd.fastmail.convExists"
    FASTMAIL_CONVUNSEEN = "vnd.fastmail.convUnseen"
    FASTMAIL_CID = "vnd.fastmail.cid"
    FASTMAIL_COUNTERS = "vnd.fastmail.counters"
    FASTMAIL_JMAPEMAIL = "vnd.fastmail.jmapEmail"
    FASTMAIL_JMAPSTATES = "vnd.fastmail.jmapStates"


SERVED_PARAMETERS: Final = frozenset(
    parameter
    for parameter in EventParameter
    if not parameter.startswith(("vnd.fastmail.", "vnd.cmu.dav", "vnd.cmu.visibleUsers"))
)


class ContentMode(StrEnum):
    """How much of a message an event holds, where it holds any."""

    STANDARD = "standard"
    MESSAGE = "message"
    HEADER = "header"
    BODY = "body"
    HEADERBODY = "headerbody"


class DatagramFormat(StrEnum):
    """What a datagram to `notifysocket` looks like."""

    NOTIFYD = "notifyd"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class _ChosenInAnyCase(Generic[E]):
    """Members of an enum that have capital letters and dots, in any case, and with underscores for dots."""

    members: type[E]
    name: str = "choices"
    unit: str = ""

    @property
    def allowed(self) -> str:
        return "any of " + ", ".join(self.members) + ", separated by spaces"

    def parse(self, text: str) -> tuple[E, ...]:
        known = {spelling: each for each in self.members for spelling in (each.lower(), each.lower().replace(".", "_"))}
        try:
            return tuple(dict.fromkeys([known[word] for word in text.lower().split()]))
        except KeyError:
            raise ValueRefused("not one of those allowed") from None


@dataclass(frozen=True, slots=True)
class _WebAddress:
    """An http or https URL without user or fragment."""

    name: str = "URL"
    allowed: str = "a URL such as https://host:port/path"
    unit: str = ""

    def parse(self, text: str) -> str:
        try:
            parts = urlsplit(text)
            is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_whole = False
        if not is_whole or parts.username is not None or parts.fragment or not re.fullmatch(r"[!-~]+", text):
            raise ValueRefused("not such a URL")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSettings:
    """Events and who is told of them."""

    event_notifier: tuple[EventNotifier, ...] = option(
        Chosen(EventNotifier),
        "",
        scope=Scope.SERVER,
        meaning="Who is told of events (RFC 5423), as one JSON object each: the program of `notify_external` "
        "(`external`), a datagram socket, `notifysocket` (`socket`), and a web server, `event_webhook` (`webhook`). "
        "Empty, nobody is, and events cost nothing.",
    )
    notify_external: Path | None = optional(
        FilePath(),
        scope=Scope.SERVER,
        meaning="The program that is told of events: it is run for each, with the event on its standard input and the "
        "arguments `-c` class, `-p` priority, `-u` user and `-m` mailbox.",
    )
    notifysocket: Path = option(
        FilePath(),
        "{configdirectory}/socket/notify",
        scope=Scope.SERVER,
        meaning="The unix datagram socket that is told of events.",
    )
    event_socket_format: DatagramFormat = option(
        Choice(DatagramFormat),
        "notifyd",
        scope=Scope.SERVER,
        added=True,
        meaning="What a datagram holds: what Cyrus sends to its `notifyd`, or nothing but the JSON (`json`).",
    )
    event_webhook: str | None = optional(
        _WebAddress(),
        scope=Scope.SERVER,
        added=True,
        meaning="The URL that events are posted to, one in each request.",
    )
    event_webhook_secret: Path | None = optional(
        FilePath(),
        scope=Scope.SERVER,
        added=True,
        meaning="The file with the secret by which requests to `event_webhook` are signed (HMAC-SHA256), so that the "
        "web server knows who sends them. Space around the secret does not count.",
    )
    event_timeout: timedelta = option(
        Duration(minimum=timedelta(seconds=1)),
        "30s",
        scope=Scope.SERVER,
        added=True,
        meaning="How long the program may run, and the web server may take, for one event.",
    )
    event_groups: tuple[EventGroup, ...] = option(
        Chosen(EventGroup), "message mailbox", scope=Scope.SERVER, meaning="Which events there are, by groups."
    )
    event_extra_params: tuple[EventParameter, ...] = option(
        _ChosenInAnyCase(EventParameter),
        "timestamp",
        scope=Scope.SERVER,
        meaning="What events say besides.",
    )
    event_content_inclusion_mode: ContentMode = option(
        Choice(ContentMode),
        "standard",
        scope=Scope.SERVER,
        meaning="Which part of a new message `messageContent` is: all of it if it is not larger than "
        "`event_content_size` (`standard`); or its beginning (`message`), its header (`header`), its body (`body`), "
        "each cut to that size; or the header, and the body cut to that size (`headerbody`).",
    )
    event_content_size: int = option(
        Size(),
        "0",
        scope=Scope.SERVER,
        meaning="The size that `event_content_inclusion_mode` speaks of; 0: no limit but that of an event, which is "
        "1 MB.",
    )
    event_exclude_flags: tuple[str, ...] = option(
        Words("flags separated by spaces", str.lower),
        "",
        scope=Scope.SERVER,
        meaning="Flags and keywords whose changes are no events.",
    )
    event_exclude_specialuse: tuple[str, ...] = option(
        Words("special uses such as \\Junk, separated by spaces, or ALL", str.lower),
        "\\Junk",
        scope=Scope.SERVER,
        meaning="Mailboxes, by their special uses, in which nothing is an event; `ALL`: all but INBOXes.",
    )
    event_message_read: bool = option(
        Switch(),
        "yes",
        scope=Scope.SERVER,
        added=True,
        meaning="Tell of `\\Seen` and `\\Deleted` by the events MessageRead and MessageTrash, which simple receivers "
        "understand, instead of FlagsSet.",
    )

    def __post_init__(self) -> None:
        needed = {EventNotifier.EXTERNAL: "notify_external", EventNotifier.WEBHOOK: "event_webhook"}
        for notifier, name in needed.items():
            if notifier in self.event_notifier and getattr(self, name) is None:
                raise ValueError(f"event_notifier has '{notifier}', and {name} is not set")
