"""Clients of ours for every protocol: connection, login, and the terminal behind it.

`Wire` is a connection; `ImapWords`, `Pop3Words`, `SieveWords` and `LmtpWords` say what a login takes in their protocol,
and `Login` has it done by a SASL mechanism.
"""

from angarium.cli.dialogue.imap import ImapWords
from angarium.cli.dialogue.lmtp import LmtpWords
from angarium.cli.dialogue.login import Identity, Login, LoginRefused, TlsWish, start_tls
from angarium.cli.dialogue.pop3 import Pop3Words
from angarium.cli.dialogue.sessionsocket import SessionSocket
from angarium.cli.dialogue.sieve import SieveWords
from angarium.cli.dialogue.sieveresponse import ResponseLine, serialize_argument, serialize_literal
from angarium.cli.dialogue.terminal import pass_through
from angarium.cli.dialogue.wire import Address, Show, Wire
from angarium.cli.dialogue.words import LoginWords, Offer

__all__ = [
    "Address",
    "Identity",
    "ImapWords",
    "LmtpWords",
    "Login",
    "LoginRefused",
    "LoginWords",
    "Offer",
    "Pop3Words",
    "ResponseLine",
    "SessionSocket",
    "Show",
    "SieveWords",
    "TlsWish",
    "Wire",
    "pass_through",
    "serialize_argument",
    "serialize_literal",
    "start_tls",
]
