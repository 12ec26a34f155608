"""What a script wants done with a message, in the order in which it said so.

Nothing here is executed: whoever delivers turns the list into one write. An action carries what it was decided with:
the flags, and the message as it had been edited by then. Strings are text; names of mailboxes are as the script wrote
them, and whoever executes knows their encoding.
"""

from dataclasses import dataclass

from angarium.sieve.position import Position


@dataclass(frozen=True, slots=True)
class Span:
    """A range of octets of the message as it came."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Edition:
    """The message as a script has changed it (RFC 5293, RFC 5703): these pieces, one after the other."""

    pieces: tuple[bytes | Span, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Which command asked for an action."""

    script: str
    """Its name; empty for the script that was run, as it was given."""
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Into the mailbox that the mail was addressed to (RFC 5228 §4.3)."""

    origin: Origin | None
    """None: the implicit keep."""
    flags: tuple[str, ...] = ()
    edition: Edition | None = None
    """None: as it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInto:
    """Into a mailbox by name (RFC 5228 §4.1)."""

    origin: Origin
    mailbox: str
    flags: tuple[str, ...] = ()
    create: bool = False
    """RFC 5490 §3.2."""
    special_use: str | None = None
    """Wanted rather than the name (RFC 8579 §4), with its backslash."""
    mailbox_id: str | None = None
    """Wanted rather than both (RFC 9042 §4)."""
    copy: bool = False
    edition: Edition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """To another address (RFC 5228 §4.2)."""

    origin: Origin
    address: str
    is_list: bool = False
    """The address names an external list, to whose members it goes (RFC 6134 §2.6)."""
    copy: bool = False
    notify: str | None = None
    """RFC 6009 §4: as in the parameter NOTIFY of RFC 3461 §4.1."""
    ret: str | None = None
    """RFC 6009 §4: FULL or HDRS."""
    by_time: str | None = None
    """RFC 6009 §5: seconds from now, or a date and time of RFC 3339."""
    by_mode: str = ""
    """N, R, or empty; and with `by_trace` a T behind it (RFC 2852 §4)."""
    by_trace: bool = False
    edition: Edition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    """Nothing at all (RFC 5228 §4.4)."""

    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Refuse the mail with a reason (RFC 5429)."""

    origin: Origin
    reason: str
    extended: bool
    """`ereject`: the refusal of the protocol is wanted wherever it can be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCarbonCopy:
    """Where a copy of what is sent goes (RFC 8580)."""

    mailbox: str
    flags: tuple[str, ...] = ()
    create: bool = False
    special_use: str | None = None
    mailbox_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacation:
    """Answer that the user is away (RFC 5230)."""

    origin: Origin
    reason: str
    """The text; with `mime` a whole MIME part, header and all (RFC 5230 §4.3)."""
    mime: bool = False
    subject: str | None = None
    from_: str | None = None
    addresses: tuple[str, ...] = ()
    """Further addresses of the user, beside those that the server knows."""
    seconds: int | None = None
    """Between two answers to the same sender; None: as the site has it. Bounds are the executor's."""
    handle: str = ""
    """What distinguishes this answer from others of the user: `:handle`, or made from all that the answer is made of
    (RFC 5230 §4.2)."""
    fcc: FileCarbonCopy | None = None
    edition: Edition | None = None
    """The message whose header counts (RFC 5293 §7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell of the mail by other means (RFC 5435)."""

    origin: Origin
    method: str
    """A URI, as `mailto:…`."""
    message: str | None = None
    from_: str | None = None
    importance: int = 2
    """1 high, 2 normal, 3 low."""
    options: tuple[str, ...] = ()
    id: str = ""
    """The older `notify` only: what `denotify` finds it by."""
    fcc: FileCarbonCopy | None = None
    edition: Edition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """Aside until a time of the day (draft-ietf-extra-sieve-snooze)."""

    origin: Origin
    mailbox: str | None = None
    """Where it comes back to; None: INBOX."""
    mailbox_id: str | None = None
    special_use: str | None = None
    create: bool = False
    add_flags: tuple[str, ...] = ()
    remove_flags: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()
    """0 is Sunday; empty: any."""
    zone: str | None = None
    times: tuple[str, ...] = ()
    """`hh:mm:ss`, in ascending order."""
    flags: tuple[str, ...] = ()
    edition: Edition | None = None


@dataclass(frozen=True, slots=True)
class Tracked:
    """A message that `duplicate` is to know again (RFC 7352 §3); to be kept only if the run succeeds."""

    key: str
    """Handle and unique id together, as `facts.SeenBefore` asked."""
    seconds: int
    last: bool
    """The time counts from the last such message, and not from the first (RFC 7352 §3.3)."""


Action = Keep | FileInto | Redirect | Discard | Reject | Vacation | Notify | Snooze


@dataclass(frozen=True, slots=True)
class LogLine:
    """What a script wrote into the log (`vnd.cyrus.log`)."""

    origin: Origin
    text: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run ended before its script did: the message is kept (RFC 5228 §2.10.6)."""

    reason: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run gave."""

    actions: tuple[Action, ...]
    """The implicit keep is the last where there is one. After a failure the actions before it are not to be executed,
    and this is one implicit keep."""
    tracked: tuple[Tracked, ...] = ()
    log: tuple[LogLine, ...] = ()
    failure: Failure | None = None
