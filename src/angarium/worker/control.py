"""What the master and a worker say to each other, over one SOCK_SEQPACKET pair.

The master, which may be root, never unpickles: what a worker sends is JSON, and anything but a known message of the
right types ends that worker. What the master sends is pickled, since settings are a tree of typed values, and the
worker has no more rights than its master. Sockets of added services travel beside an `AddSockets`.
"""

import array
import base64
import copyreg
import io
import json
import pickle
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from angarium.config import RunCommand, ServiceEntry, Settings

MESSAGE_OCTETS_MAX: Final = 1 << 20
SOCKETS_MAX: Final = 250
"""In one message; Linux passes at most 253 descriptors at once."""
PAM_SERVICES: Final = frozenset({"imap", "pop", "sieve", "lmtp"})
"""What a worker may ask PAM for."""
PAM_OCTETS_MAX: Final = 511
"""Of what PAM takes as an answer (PAM_MAX_RESP_SIZE)."""
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class ControlError(Exception):
    """The peer sent what is no message."""


# From the master


@dataclass(frozen=True, slots=True)
class Adopt:
    """Serve this slot too, until released."""

    slot: int


@dataclass(frozen=True, slots=True)
class Release:
    """Its own worker serves this slot again."""

    slot: int


@dataclass(frozen=True, slots=True)
class AddSockets:
    """Sockets of a listener come with this message: the next of its slots in order, or the one that all share."""

    listener: str
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Reload:
    """New settings for new connections; a listener that is missing here is no longer served."""

    settings: Settings
    services: tuple[tuple[str, ServiceEntry], ...]
    """What each listener serves."""


@dataclass(frozen=True, slots=True)
class RunOperation:
    """Run an internal command, and tell when it is done."""

    number: int
    name: str
    """Of the entry in cyrus.conf."""
    cmd: str
    """The command as written there."""
    command: RunCommand


@dataclass(frozen=True, slots=True)
class ChildFinished:
    """How a command ended that the worker asked for, or what PAM said: `status` is its return code then."""

    number: int
    status: int
    output: bytes
    timed_out: bool
    refused: bool


@dataclass(frozen=True, slots=True)
class Drain:
    """Take no more connections, end idle ones, end after `timeout_s` at the latest."""

    timeout_s: float


MasterMessage = Adopt | Release | AddSockets | Reload | RunOperation | ChildFinished | Drain


# From a worker


@dataclass(frozen=True, slots=True)
class Ready:
    """The program is open; the worker serves whatever slot it is told to adopt."""


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The worker cannot serve, and ends."""

    text: str
    is_configuration: bool
    """Trying again is of no use until somebody changes something."""


@dataclass(frozen=True, slots=True)
class Retire:
    """The worker wants to drain: replace it."""


@dataclass(frozen=True, slots=True)
class RunChild:
    """Run a command."""

    number: int
    argv: tuple[str, ...]
    stdin: bytes
    timeout_s: float
    stdin_path: str = ""
    """A file to be its standard input instead; opened by the command's own process, with no more rights than it has."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables besides those that every command gets."""


@dataclass(frozen=True, slots=True)
class CheckPam:
    """Ask PAM whether a password is right."""

    number: int
    service: str
    """One of `PAM_SERVICES`."""
    user: str
    password: str = field(repr=False)
    address: str
    """Of the client; may be empty."""


@dataclass(frozen=True, slots=True)
class OperationFinished:
    """An internal command is done; what went wrong is logged by the worker."""

    number: int
    succeeded: bool


WorkerMessage = Ready | StartFailed | Retire | RunChild | CheckPam | OperationFinished


def control_pair() -> tuple[socket.socket, socket.socket]:
    """The master's end, which never blocks, and the worker's."""
    master, worker = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for each in (master, worker):
        each.setblocking(False)
        # The kernel takes a message only if it fits into the buffer whole.
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * MESSAGE_OCTETS_MAX)
    return master, worker


def send_to_worker(control: socket.socket, message: MasterMessage, sockets: Sequence[socket.socket] = ()) -> None:
    """Send, with at most `SOCKETS_MAX` sockets. OSError where that fails."""
    descriptors = array.array("i", [each.fileno() for each in sockets])
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)] if descriptors else []
    control.sendmsg([serialize_master_message(message)], ancillary)


def serialize_master_message(message: MasterMessage) -> bytes:
    """A message of the master's as one packet."""
    packet = io.BytesIO()
    pickler = pickle.Pickler(packet)
    # Settings have read-only mappings, which pickle does not know.
    pickler.dispatch_table = {**copyreg.dispatch_table, MappingProxyType: _reduce_mapping}
    pickler.dump(message)
    return packet.getvalue()


def receive_from_master(control: socket.socket) -> tuple[MasterMessage, list[socket.socket]] | None:
    """A message and its sockets; None where the master is gone. BlockingIOError where there is nothing yet."""
    data, descriptors, _, _ = socket.recv_fds(control, MESSAGE_OCTETS_MAX, SOCKETS_MAX)
    if not data:
        return None
    sockets = [socket.socket(fileno=each) for each in descriptors]
    for each in sockets:
        each.set_inheritable(False)
    message: MasterMessage = pickle.loads(data)
    return message, sockets


def send_to_master(control: socket.socket, message: WorkerMessage) -> None:
    """Send. OSError where the master is gone or hears nothing."""
    control.send(serialize_worker_message(message))


def receive_from_worker(control: socket.socket) -> WorkerMessage | None:
    """A message; None where the worker is gone. ControlError; BlockingIOError where there is nothing yet."""
    data = control.recv(MESSAGE_OCTETS_MAX)
    return parse_worker_message(data) if data else None


def serialize_worker_message(message: WorkerMessage) -> bytes:
    """A worker's message as one packet."""
    match message:
        case Ready():
            value: list[object] = ["ready"]
        case StartFailed():
            value = ["start-failed", message.text[:10_000], message.is_configuration]
        case Retire():
            value = ["retire"]
        case RunChild():
            stdin = base64.b64encode(message.stdin).decode()
            environment = [list(each) for each in message.environment]
            rest = [message.timeout_s, message.stdin_path, environment]
            value = ["run-child", message.number, list(message.argv), stdin, *rest]
        case CheckPam():
            value = ["check-pam", message.number, message.service, message.user, message.password, message.address]
        case OperationFinished():
            value = ["operation-finished", message.number, message.succeeded]
    return json.dumps(value).encode()


def parse_worker_message(data: bytes) -> WorkerMessage:
    """The inverse of `serialize_worker_message`. Raises ControlError on anything else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ControlError("not JSON") from error
    match value:
        case ["ready"]:
            return Ready()
        case ["start-failed", str(text), bool(is_configuration)]:
            return StartFailed(text, is_configuration)
        case ["retire"]:
            return Retire()
        case [
            "run-child",
            int(number),
            [str(), *_] as argv,
            str(stdin),
            int() | float() as timeout_s,
            str(path),
            [*environment],
        ]:
            return _run_child(number, argv, stdin, timeout_s, path, environment)
        case ["check-pam", int(number), str(service), str(user), str(password), str(address)]:
            return _check_pam(number, service, user, password, address)
        case ["operation-finished", int(number), bool(succeeded)]:
            return OperationFinished(number, succeeded)
        case _:
            raise ControlError("not a message")


def _reduce_mapping(
    mapping: Mapping[object, object],
) -> tuple[Callable[[dict[object, object]], Mapping[object, object]], tuple[dict[object, object]]]:
    return _read_only, (dict(mapping),)


def _read_only(values: dict[object, object]) -> Mapping[object, object]:
    return MappingProxyType(values)


def _run_child(
    number: int, argv: list[object], stdin: str, timeout_s: float, path: str, environment: list[object]
) -> RunChild:
    words = _words(argv)
    variables = [_variable(each) for each in environment]
    if not 0 < timeout_s < 86_400 or "\0" in path or (path and not path.startswith("/")):
        raise ControlError("not a command")
    try:
        octets = base64.b64decode(stdin, validate=True)
    except ValueError as error:
        raise ControlError("not base64") from error
    return RunChild(number, words, octets, float(timeout_s), path, tuple(variables))


def _check_pam(number: int, service: str, user: str, password: str, address: str) -> CheckPam:
    if service not in PAM_SERVICES or not user or not password:
        raise ControlError("not a question for PAM")
    for text in (user, password, address):
        if "\0" in text or len(text.encode(errors="surrogatepass")) > PAM_OCTETS_MAX:
            raise ControlError("not a question for PAM")
    return CheckPam(number, service, user, password, address)


def _words(values: list[object]) -> tuple[str, ...]:
    words = [value for value in values if isinstance(value, str) and "\0" not in value]
    if len(words) != len(values):
        raise ControlError("not words")
    return tuple(words)


def _variable(value: object) -> tuple[str, str]:
    match value:
        case [str(name), str(text)] if _VARIABLE.fullmatch(name) and "\0" not in text:
            return name, text
        case _:
            raise ControlError("not a variable")
