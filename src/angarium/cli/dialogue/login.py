"""A login of a client of ours, by any mechanism and in any protocol."""

import errno
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from angarium.cli.dialogue.wire import Show, Wire
from angarium.cli.dialogue.words import Challenge, LoginWords, Offer, Outcome
from angarium.cli.serverunavailable import ServerUnavailable
from angarium.errors import ClientExchangeFailed
from angarium.sasl.client import (
    CLIENT_MECHANISMS,
    ClientMechanism,
    ClientSetting,
    begin_client,
    choose_mechanism,
)

if TYPE_CHECKING:
    from angarium.sasl.client import ClientGssContext

_WITHOUT_SECRET: Final = frozenset({"EXTERNAL", "GSSAPI", "ANONYMOUS"})
_EXTERNAL_ALONE: Final = ("EXTERNAL",)
_BEARER: Final = frozenset({"OAUTHBEARER", "XOAUTH2"})
_UNKNOWN: Final = "unknown"


class LoginRefused(Exception):
    """The server does not let us in, or we cannot try; `str()` says why. The connection stays."""

    def __init__(self, reason: str, *, said: str = "") -> None:
        super().__init__(reason)
        self.said = said
        """By the server, where it is the server that refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who logs in, and how."""

    authname: str
    username: str | None = None
    """Whom to act for."""
    secret: Callable[[str], str] = field(repr=False)
    """Gives the password or token; takes what to call it."""
    realm: str | None = None
    mechanism: str | None = None
    """None: the strongest that the server announces and there is all for. A command of the protocol in small letters
    is one, too."""
    certificate: bool = False
    """Whether the server sees a certificate of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsWish:
    """How TLS is to be begun."""

    keyfile: Path | None = None
    """Our own certificate and its key."""
    is_verified: bool = False
    authorities: Path | None = None
    """Certificates that are trusted beside those of the system."""

    def context(self) -> ssl.SSLContext:
        """OSError where a file cannot be used."""
        if self.is_verified:
            context = ssl.create_default_context()
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        for file, load in ((self.authorities, context.load_verify_locations), (self.keyfile, context.load_cert_chain)):
            if file is not None:
                try:
                    load(file)
                except ssl.SSLError as error:
                    raise OSError(errno.EINVAL, "no certificate of use is in it", str(file)) from error
                except OSError as error:
                    # `ssl` does not say which.
                    raise OSError(error.errno, error.strerror, str(file)) from error
        return context


def start_tls(words: LoginWords, wire: Wire, offer: Offer, context: ssl.SSLContext) -> Offer:
    """TLS on a connection that began without, and the offer under it. ServerUnavailable where the server has none: what
    was to be said under TLS is not said without."""
    if not offer.starttls:
        raise ServerUnavailable("the server does not offer TLS")
    if not words.request_tls():
        raise ServerUnavailable("the server refuses TLS")
    wire.start_tls(context)
    return words.renew()


@dataclass(frozen=True, slots=True)
class Login:
    """A login on a wire."""

    words: LoginWords
    wire: Wire
    identity: Identity
    show: Show
    """For what is neither sent nor received."""
    sends_initial: bool = True
    """Whether a mechanism's first message goes with the command where it may."""
    is_verbose: bool = False
    """Whether messages of the mechanism are shown decoded, too."""

    def log_in(self, offer: Offer) -> None:
        """LoginRefused, ServerUnavailable."""
        identity = self.identity
        command = self._command()
        if command is not None:
            if command in offer.unavailable:
                self.show(f"[{offer.unavailable[command]}]")
                raise LoginRefused("generic failure")
            try:
                outcome = self.words.log_in(command, identity.authname, identity.secret("password"))
            except ClientExchangeFailed as error:
                raise LoginRefused(str(error)) from error
        else:
            client, first = self._begin(offer)
            outcome = self._exchange(client, first, offer)
        if not outcome.is_success:
            raise LoginRefused("generic failure", said=outcome.text)

    def _command(self) -> str | None:
        """The command of the protocol that is meant; in other letters than small ones it may be a mechanism's name."""
        name = self.identity.mechanism
        if name is None or name in self.words.commands:
            return name
        is_command = name.lower() in self.words.commands and name.upper() not in CLIENT_MECHANISMS
        return name.lower() if is_command else None

    def _begin(self, offer: Offer) -> tuple[ClientMechanism, bytes | None]:
        """The mechanism, and its first message."""
        wanted = self.identity.mechanism
        announced = list(offer.mechanisms)
        setting = self._setting(offer)
        while True:
            # What is secret is asked for once it is known that it is needed.
            as_if = replace(setting, password=_UNKNOWN, trace=None)
            name = wanted.upper() if wanted else choose_mechanism(announced, as_if, allow_plaintext=True)
            if name is None:
                raise LoginRefused("no mechanism available")
            if name not in announced:
                self.show(f"[Server did not advertise AUTH={name}]")
                raise LoginRefused("generic failure")
            try:
                if self.is_verbose:
                    self.show(f"[mechanism: {name}]")
                client = begin_client(name, self._with_secret(setting, name))
                return client, client.start()
            except ClientExchangeFailed as error:
                if wanted or name != "GSSAPI":
                    raise LoginRefused(str(error)) from error
                # Nobody has a ticket, so nobody meant it.
                announced.remove(name)

    def _exchange(self, client: ClientMechanism, first: bytes | None, offer: Offer) -> Outcome:
        goes_along = self.sends_initial and offer.initial_response
        waiting = None if goes_along else first
        is_asked = True
        try:
            turn = self.words.authenticate(client.name, first if goes_along else None)
            while isinstance(turn, Challenge):
                self._show_decoded("server", turn.data)
                response = client.step(turn.data) if waiting is None else waiting
                self._show_decoded("client", response)
                waiting = None
                turn = self.words.respond(response)
            is_asked = False
            if turn.is_success:
                client.succeed(turn.final)
        except ClientExchangeFailed as error:
            if is_asked:
                self.words.cancel()
            raise LoginRefused(str(error)) from error
        return turn

    def _show_decoded(self, side: str, message: bytes) -> None:
        if self.is_verbose:
            self.show(f"[{side}: {message.decode('utf-8', 'backslashreplace')}]")

    def _setting(self, offer: Offer) -> ClientSetting:
        identity, address = self.identity, self.wire.address
        wants_ticket = identity.mechanism is None or identity.mechanism.upper() == "GSSAPI"
        return ClientSetting(
            service=self.words.service,
            host=address.name,
            nonce=secrets.token_urlsafe,
            authcid=identity.authname,
            authzid=identity.username,
            realm=identity.realm,
            port=int(address.port) if address.port.isdecimal() and not address.is_path else None,
            trace=identity.authname,
            # What is asked for by its name, or announced alone, is tried: the server may know us in another way.
            certificate=identity.certificate or identity.mechanism is not None or offer.mechanisms == _EXTERNAL_ALONE,
            gss=self._context() if wants_ticket and "GSSAPI" in offer.mechanisms else None,
            bindings=self.wire.bindings,
            announced=offer.mechanisms,
        )

    def _with_secret(self, setting: ClientSetting, mechanism: str) -> ClientSetting:
        if mechanism in _WITHOUT_SECRET:
            return setting
        if mechanism in _BEARER:
            return replace(setting, token=self.identity.secret("token"))
        return replace(setting, password=self.identity.secret("password"))

    def _context(self) -> "ClientGssContext | None":
        # Its package is large, and few have the library.
        from angarium.auth.kerberos import KerberosInitiator, KerberosUnavailable

        try:
            return KerberosInitiator(self.words.service, self.wire.address.name)
        except KerberosUnavailable as error:
            if self.identity.mechanism is not None:
                raise LoginRefused(str(error)) from error
            return None
