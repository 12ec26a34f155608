"""Mail over SMTP to the server that `smtp_host` names.

Each mail has a connection of its own, in a thread of a small pool. Every wait has a limit, and so has the whole, so
that a server that is slow or hangs keeps a thread for a bounded time. The message goes out from its mapped file in
blocks.
"""

import asyncio
import contextlib
import ipaddress
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from angarium.config.relay import Relay
from angarium.operations.outgoing.dotstuffing import stuffed
from angarium.operations.outgoing.transport import Answer, Letter, Outcome, Sending, TransportUnavailable

_BLOCK_OCTETS: Final = 64 * 1024
_HEADER_OCTETS_MAX: Final = 10 << 20
_STATUS: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")
_TEXT_CHARACTERS_MAX: Final = 500
_LOGIN_MISSING: Final = frozenset({530, 534, 535, 538})
"""A server that wants a login or TLS (RFC 4954 §6): an administrator puts that right, and the mail waits for it."""


@dataclass(frozen=True, slots=True)
class SmtpTimes:
    """Limits in seconds; those of RFC 5321 §4.5.3.2, but for the first."""

    connect_s: float = 30
    command_s: float = 300
    block_s: float = 180
    end_of_data_s: float = 600
    whole_s: float = 1800


@dataclass(frozen=True, slots=True)
class Login:
    """Whom to log in as."""

    name: str
    password: str


class SmtpTransport:
    """A relay. Belongs to one loop."""

    def __init__(
        self,
        relay: Relay,
        *,
        login: Login | None,
        own_name: str,
        threads: int,
        times: SmtpTimes | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._relay = relay
        self._login = login if relay.logs_in else None
        self._own_name = own_name
        self._times = times or SmtpTimes()
        self._tls = tls
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="smtp")
        self._lock = threading.Lock()
        self._open: set[smtplib.SMTP] = set()
        self._is_closed = False

    async def send(self, letter: Letter) -> Sending:
        # Mapped here, so that the thread needs the file itself no more, which may be closed while it works.
        whole = letter.file.view() if letter.file is not None else memoryview(b"")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._send, letter, whole)

    def close(self) -> None:
        """Connections are shut, so that the threads end."""
        with self._lock:
            self._is_closed = True
            for each in self._open:
                _shut(each)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, letter: Letter, whole: memoryview) -> Sending:
        deadline_s = time.monotonic() + self._times.whole_s
        client = self._connect()
        try:
            try:
                self._begin(client)
            except (OSError, smtplib.SMTPException) as error:
                raise TransportUnavailable(self._told(error)) from error
            with _content_of(letter, whole) as content:
                return _Conversation(client, letter, content, self._relay.host, self._times, deadline_s).send()
        finally:
            with self._lock:
                self._open.discard(client)
            client.close()

    def _connect(self) -> smtplib.SMTP:
        # Without a host it does not connect yet, so that `close` finds it from the first moment on.
        name, connect_s = self._own_name, self._times.connect_s
        if self._relay.has_implicit_tls:
            client: smtplib.SMTP = smtplib.SMTP_SSL(local_hostname=name, timeout=connect_s, context=self._context())
        else:
            client = smtplib.SMTP(local_hostname=name, timeout=connect_s)
        with self._lock:
            if self._is_closed:
                raise TransportUnavailable("the server ends")
            self._open.add(client)
        return client

    def _begin(self, client: smtplib.SMTP) -> None:
        """Connect, greet, secure, log in."""
        # smtplib takes the name for the certificate's from here, when it begins TLS.
        client._host = self._relay.host  # type: ignore[attr-defined]  # noqa: SLF001
        code, text = client.connect(self._relay.host, self._relay.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        assert client.sock is not None
        client.sock.settimeout(self._times.command_s)
        client.ehlo_or_helo_if_needed()
        is_secure = self._relay.has_implicit_tls
        if not is_secure and (client.has_extn("starttls") or self._relay.requires_tls):
            client.starttls(context=self._context())
            client.ehlo_or_helo_if_needed()
            is_secure = True
        if self._login is not None:
            if not is_secure and not _is_loopback(client.sock):
                raise smtplib.SMTPNotSupportedError("no TLS is offered, and the password is not sent without")
            client.login(self._login.name, self._login.password)

    def _context(self) -> ssl.SSLContext:
        """A password goes only to who the certificate says it is; without one, TLS of any kind is better than none."""
        if self._tls is not None:
            return self._tls
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        must_verify = self._relay.requires_tls or (self._login is not None and not _names_loopback(self._relay.host))
        if not must_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _told(self, error: Exception) -> str:
        place = f"{self._relay.host}:{self._relay.port}"
        if isinstance(error, smtplib.SMTPResponseException):
            return f"{place}: {error.smtp_code} {_line(error.smtp_error)}"
        return f"{place}: {error}" if str(error) else f"{place}: {type(error).__name__}"


class _Conversation:
    """MAIL, RCPT and DATA of one letter, on a connection that has said EHLO."""

    def __init__(
        self,
        client: smtplib.SMTP,
        letter: Letter,
        content: "_Content",
        remote: str,
        times: SmtpTimes,
        deadline_s: float,
    ) -> None:
        self._client = client
        self._letter = letter
        self._content = content
        self._remote = remote
        self._times = times
        self._deadline_s = deadline_s
        self._answers: dict[str, Answer] = {}

    def send(self) -> Sending:
        refused = self._unsuited()
        if refused is not None:
            return Sending(dict.fromkeys(self._letter.recipients, refused))
        try:
            accepted = self._envelope()
        except (OSError, smtplib.SMTPException) as error:
            # One that hangs here hangs for the next mail too.
            raise TransportUnavailable(f"{self._remote}: {str(error) or type(error).__name__}") from error
        if accepted:
            self._data(accepted)
        deliver_by_lost = "BY" in self._letter.parameters and not self._client.has_extn("deliverby")
        if self._client.sock is not None:
            self._client.sock.settimeout(self._times.connect_s)
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._client.quit()
        return Sending(self._answers, deliver_by_lost)

    # What the server must know

    def _unsuited(self) -> Answer | None:
        if self._content.needs_utf8 and not self._client.has_extn("smtputf8"):
            # RFC 6531 §3.5
            return self._never("5.6.7", "an address or the header is not ASCII, which the server does not take")
        if not self._deliver_by_is_kept():
            # RFC 2852 §4.1.4.1
            return self._never("5.3.3", "the server promises no delivery in the time that is left")
        limit = self._client.esmtp_features.get("size", "").split(" ")[0]
        if limit.isdecimal() and 0 < int(limit) < self._letter.size_octets:
            return self._never("5.3.4", f"the server takes {limit} octets at most")
        return None

    @property
    def _uses_utf8(self) -> bool:
        return self._content.needs_utf8 or (self._content.likes_utf8 and self._client.has_extn("smtputf8"))

    def _deliver_by_is_kept(self) -> bool:
        seconds, _, mode = self._letter.parameters.get("BY", "").partition(";")
        if not mode.startswith("R"):
            return True
        if not self._client.has_extn("deliverby"):
            return False
        least = self._client.esmtp_features["deliverby"].split(",")[0].strip()
        return not least.isdecimal() or int(least) <= int(seconds)

    def _never(self, status: str, text: str) -> Answer:
        return Answer(Outcome.NEVER, text, status, self._remote)

    # Envelope

    def _envelope(self) -> list[str]:
        """The recipients that were accepted; of the others the answer is noted."""
        if self._uses_utf8:
            self._client.command_encoding = "utf-8"
        code, text = self._client.docmd("MAIL", " ".join([f"FROM:<{self._letter.sender}>", *self._of_mail()]))
        if code != 250:
            self._answers = dict.fromkeys(self._letter.recipients, self._answer(code, text))
            return []
        accepted = []
        for recipient in self._letter.recipients:
            code, text = self._client.docmd("RCPT", " ".join([f"TO:<{recipient}>", *self._of_recipient()]))
            if code in (250, 251):
                accepted.append(recipient)
            else:
                self._answers[recipient] = self._answer(code, text)
        return accepted

    def _of_mail(self) -> Iterator[str]:
        parameters, offers = self._letter.parameters, self._client.has_extn
        if offers("size"):
            yield f"SIZE={self._letter.size_octets}"
        if self._content.is_8bit and offers("8bitmime"):
            yield "BODY=8BITMIME"
        if self._uses_utf8:
            yield "SMTPUTF8"
        if offers("dsn"):
            yield from [f"{name}={parameters[name]}" for name in ("RET", "ENVID") if name in parameters]
        if offers("deliverby") and "BY" in parameters:
            yield f"BY={parameters['BY']}"

    def _of_recipient(self) -> Iterator[str]:
        parameters = self._letter.parameters
        if not self._client.has_extn("dsn"):
            return
        notify = parameters.get("NOTIFY", "")
        if parameters.get("BY") and not self._client.has_extn("deliverby") and notify != "NEVER":
            # RFC 2852 §4.1.4.2
            words = notify.split(",") if notify else ["FAILURE"]
            notify = ",".join(dict.fromkeys([*words, "DELAY"]))
        if notify:
            yield f"NOTIFY={notify}"
        if "ORCPT" in parameters:
            yield f"ORCPT={parameters['ORCPT']}"

    # Content

    def _data(self, accepted: list[str]) -> None:
        """Its answer holds for all who were accepted. Where none came, another attempt may make a second copy."""
        try:
            code, text = self._client.docmd("DATA")
            if code == 354:
                code, text = self._stream()
            answer = self._answer(code, text)
        except (OSError, smtplib.SMTPException) as error:
            broken = f"the connection broke: {str(error) or type(error).__name__}"
            answer = Answer(Outcome.LATER, broken, "", self._remote)
        self._answers.update(dict.fromkeys(accepted, answer))

    def _stream(self) -> tuple[int, bytes]:
        sock = self._client.sock
        assert sock is not None
        sock.settimeout(self._times.block_s)
        for block in stuffed(self._content.blocks()):
            if time.monotonic() > self._deadline_s:
                raise TimeoutError("the server takes the message too slowly")
            sock.sendall(block)
        sock.settimeout(self._times.end_of_data_s)
        return self._client.getreply()

    def _answer(self, code: int, text: bytes) -> Answer:
        line = _line(text)
        found = _STATUS.match(line)
        is_for_good = 500 <= code < 600 and code not in _LOGIN_MISSING
        outcome = Outcome.SENT if 200 <= code < 300 else Outcome.NEVER if is_for_good else Outcome.LATER
        return Answer(outcome, f"{code} {line}", found[1] if found else "", self._remote)


@dataclass(frozen=True, slots=True)
class _Content:
    head: bytes
    rest: memoryview
    needs_utf8: bool
    """Whether it cannot be sent but with SMTPUTF8."""
    likes_utf8: bool
    """Whether it is sent so where that is offered: its header is UTF-8, which many take without a word."""
    is_8bit: bool

    def blocks(self) -> Iterator[bytes | memoryview]:
        yield self.head
        for start in range(0, len(self.rest), _BLOCK_OCTETS):
            yield self.rest[start : start + _BLOCK_OCTETS]


@contextlib.contextmanager
def _content_of(letter: Letter, whole: memoryview) -> Iterator[_Content]:
    rest = whole[letter.offset :]
    try:
        header = _header_of(letter.head, rest)
        has_ascii_addresses = all(map(str.isascii, (letter.sender, *letter.recipients)))
        yield _Content(
            head=letter.head,
            rest=rest,
            needs_utf8=not has_ascii_addresses or ("SMTPUTF8" in letter.parameters and not header.isascii()),
            likes_utf8=not header.isascii() and _is_utf8(header),
            is_8bit=not (letter.head.isascii() and _is_ascii(rest)),
        )
    finally:
        rest.release()
        whole.release()


def _header_of(head: bytes, rest: memoryview) -> bytes:
    octets = head + bytes(rest[:_HEADER_OCTETS_MAX])
    end = octets.find(b"\r\n\r\n")
    return octets[: end if end >= 0 else len(octets)]


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_ascii(octets: memoryview) -> bool:
    return all(bytes(octets[start : start + _BLOCK_OCTETS]).isascii() for start in range(0, len(octets), _BLOCK_OCTETS))


def _line(text: bytes | str) -> str:
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(decoded.split())[:_TEXT_CHARACTERS_MAX]


def _is_loopback(sock: socket.socket) -> bool:
    return ipaddress.ip_address(sock.getpeername()[0].partition("%")[0]).is_loopback


def _names_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _shut(client: smtplib.SMTP) -> None:
    """Wake the thread that waits for this connection; it closes it itself."""
    if client.sock is not None:
        with contextlib.suppress(OSError):
            client.sock.shutdown(socket.SHUT_RDWR)
