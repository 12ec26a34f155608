"""Sieve (RFC 5228 and its extensions): the language in which users say what becomes of their mail.

`parse_script` reads and checks a script, `interpret` runs it over one message. Pure: a script, a message, an envelope
and an environment in, a list of actions out; what it has to ask, it asks by values.
"""

from .actions import (
    Action,
    Discard,
    Edition,
    Failure,
    FileCarbonCopy,
    FileInto,
    Keep,
    LogLine,
    Notify,
    Origin,
    Outcome,
    Redirect,
    Reject,
    Snooze,
    Span,
    Tracked,
    Vacation,
)
from .facts import (
    Envelope,
    Environment,
    IncludedScript,
    ListHolds,
    ListKnown,
    LongWork,
    MailboxExists,
    MailboxIdExists,
    MetadataOf,
    Mistake,
    NotifyMethodOnline,
    Question,
    ScriptInvalid,
    SeenBefore,
    SpecialUseExists,
    Step,
)
from .interpreter import interpret
from .limits import DEFAULT_LIMITS, Limits
from .message import HeaderTexts, Message
from .position import Position
from .reading import parse_script
from .run import Traced
from .script import MailboxReference, Script, ScriptReference
from .table import CAPABILITIES

__all__ = [
    "CAPABILITIES",
    "DEFAULT_LIMITS",
    "Action",
    "Discard",
    "Edition",
    "Envelope",
    "Environment",
    "Failure",
    "FileCarbonCopy",
    "FileInto",
    "HeaderTexts",
    "IncludedScript",
    "Keep",
    "Limits",
    "ListHolds",
    "ListKnown",
    "LogLine",
    "LongWork",
    "MailboxExists",
    "MailboxIdExists",
    "MailboxReference",
    "Message",
    "MetadataOf",
    "Mistake",
    "Notify",
    "NotifyMethodOnline",
    "Origin",
    "Outcome",
    "Position",
    "Question",
    "Redirect",
    "Reject",
    "Script",
    "ScriptInvalid",
    "ScriptReference",
    "SeenBefore",
    "Snooze",
    "Span",
    "SpecialUseExists",
    "Step",
    "Traced",
    "Tracked",
    "Vacation",
    "interpret",
    "parse_script",
]
