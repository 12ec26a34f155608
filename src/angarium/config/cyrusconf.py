"""cyrus.conf as typed values: what runs once (START), what listens (SERVICES), what runs by the clock (EVENTS), and
what runs beside (DAEMON).

What this server does not do is left out of the values, and a notice says why. A name stands for a prefix of options
in imapd.conf too, so the names of all services are kept.
"""

import difflib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from .commands import (
    CheckpointCommand,
    Classified,
    ExpireCommand,
    ExternalCommand,
    ImapService,
    LmtpService,
    NotNeeded,
    NotServedYet,
    Pop3Service,
    RecoverCommand,
    SieveService,
    SmmapService,
    classify_command,
)
from .entries import ParsedEntries, RawEntry, Section, parse_entries
from .kinds import FALSE_WORDS, TRUE_WORDS
from .listen import ALLOWED, InetAddress, ListenAddress, PortLookup, Proto, parse_listen, system_port
from .notices import Notice, NoticeEvent, Position
from .problems import Problem, refusal
from .source import NotUtf8, SourceUnreadable, load_text

ServiceCommand = ImapService | LmtpService | Pop3Service | SmmapService | SieveService
RunCommand = RecoverCommand | CheckpointCommand | ExpireCommand | ExternalCommand

_KEYS: Final = {
    Section.START: ("cmd",),
    Section.SERVICES: ("cmd", "listen", "proto", "prefork", "maxchild", "maxfds", "maxforkrate", "babysit"),
    Section.EVENTS: ("cmd", "period", "at"),
    Section.DAEMON: ("cmd", "wait"),
}
_WITHOUT_EFFECT: Final = {
    "prefork": "every worker serves every service from the start; see the option workers",
    "maxforkrate": "no process is started for a connection",
    "babysit": "a worker that ends is always replaced",
    "maxfds": "the server raises its limit of descriptors by itself",
}
_OVER_TLS: Final = {ImapService: ("imaps", 993, "imapd -s"), Pop3Service: ("pop3s", 995, "pop3d -s")}
_MAX_NUMBER: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """A service that is served."""

    name: str
    command: ServiceCommand
    listen: ListenAddress
    proto: Proto
    maxchild: int | None
    """Connections of the service at a time, over all workers; None: no limit."""
    position: Position


@dataclass(frozen=True, slots=True)
class StartEntry:
    """A command to run before anything is served; the next one waits for its end."""

    name: str
    command: RunCommand
    cmd: str
    """The command as written."""
    position: Position


@dataclass(frozen=True, slots=True)
class Once:
    """When the server has started."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """When the server has started, and each `period` from then on."""

    period: timedelta


@dataclass(frozen=True, slots=True)
class DailyAt:
    """Each day at this hour and minute of local time."""

    hour: int
    minute: int


Schedule = Once | Periodic | DailyAt


@dataclass(frozen=True, slots=True)
class EventEntry:
    """A command that runs by the clock."""

    name: str
    command: RunCommand
    cmd: str
    """The command as written."""
    schedule: Schedule
    position: Position


CommandEntry = StartEntry | EventEntry


@dataclass(frozen=True, slots=True)
class DaemonEntry:
    """A command that runs beside the server and is started again when it ends; never one of Cyrus's own."""

    name: str
    command: ExternalCommand
    wait: bool
    """The start goes on when the command has written `ok` and CRLF to descriptor 3."""
    position: Position


@dataclass(frozen=True, slots=True)
class CyrusConf:
    """A cyrus.conf, each section in its order."""

    start: tuple[StartEntry, ...]
    services: tuple[ServiceEntry, ...]
    events: tuple[EventEntry, ...]
    daemons: tuple[DaemonEntry, ...]
    service_names: frozenset[str]
    """The names in SERVICES, of what is not served too, in lower case as imapd.conf has them before options."""
    notices: tuple[Notice, ...]


def load_cyrus_conf(path: Path, *, lookup: PortLookup = system_port) -> CyrusConf:
    """The values of a file. Raises ConfigError with a line for each fault."""
    try:
        return parse_cyrus_conf(load_text(path), file=path, lookup=lookup)
    except NotUtf8 as error:
        problem = Problem(Position(path, error.line), "", "not UTF-8")
    except SourceUnreadable as error:
        problem = Problem(Position(path, 0), "", f"cannot be read: {error}")
    raise refusal([problem])


def parse_cyrus_conf(text: str, *, file: Path, lookup: PortLookup = system_port) -> CyrusConf:
    """The values of a text that stands, or would stand, in `file`. Raises ConfigError with a line for each fault."""
    builder = _Builder(parse_entries(text, file), lookup)
    conf = builder.build()
    if builder.problems:
        raise refusal(builder.problems)
    return conf


class _Fault(ValueError):
    """What is wrong with an entry."""


class _Builder:
    def __init__(self, parsed: ParsedEntries, lookup: PortLookup) -> None:
        self._parsed = parsed
        self._lookup = lookup
        self._start: list[StartEntry] = []
        self._services: list[ServiceEntry] = []
        self._events: list[EventEntry] = []
        self._daemons: list[DaemonEntry] = []
        self._names: dict[str, RawEntry] = {}
        self._notices: list[Notice] = []
        self.problems: list[Problem] = list(parsed.problems)

    def build(self) -> CyrusConf:
        for entry in self._parsed.entries:
            try:
                self._take(entry)
            except ValueError as fault:
                self.problems.append(Problem(entry.position, entry.name, str(fault)))
        return CyrusConf(
            tuple(self._start),
            tuple(self._services),
            tuple(self._events),
            tuple(self._daemons),
            frozenset(self._names),
            tuple(self._notices),
        )

    def _take(self, entry: RawEntry) -> None:
        values = dict(entry.values)
        for key in values:
            if key not in _KEYS[entry.section]:
                nearest = difflib.get_close_matches(key, _KEYS[entry.section], n=1)
                hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
                self._note(NoticeEvent.KEY_UNKNOWN, entry, f"Key '{key}' is not known, and has no effect.{hint}")
        if not values.get("cmd"):
            raise _Fault('there is no command; allowed: cmd="program arguments"')
        classified = classify_command(values["cmd"])
        for flag, why in classified.without_effect:
            self._note(NoticeEvent.FLAG_WITHOUT_EFFECT, entry, f"Flag '{flag}' has no effect: {why}.")
        match entry.section:
            case Section.SERVICES:
                self._take_service(entry, values, classified)
            case Section.START:
                command = self._run_command(entry, classified)
                if command is not None:
                    self._start.append(StartEntry(entry.name, command, values["cmd"], entry.position))
            case Section.EVENTS:
                schedule = _schedule(values)
                command = self._run_command(entry, classified)
                if command is not None:
                    self._events.append(EventEntry(entry.name, command, values["cmd"], schedule, entry.position))
            case Section.DAEMON:
                self._take_daemon(entry, values, classified)

    # SERVICES

    def _take_service(self, entry: RawEntry, values: dict[str, str], classified: Classified) -> None:
        earlier = self._names.setdefault(entry.name.lower(), entry)
        if earlier is not entry:
            raise _Fault(f"a service of this name is there before, at {earlier.position}; allowed: each name once")
        match classified.command:
            case ImapService() | LmtpService() | Pop3Service() | SmmapService() | SieveService() as command:
                service = self._service(entry, values, command)
                self._refuse_shared_address(service)
                self._services.append(service)
                self._warn_of_missing_tls(service, entry)
            case NotServedYet(program, why):
                self._note(NoticeEvent.SERVICE_NOT_SERVED, entry, f"'{program}' does not listen: {why}.")
            case NotNeeded(program, why):
                self._note(NoticeEvent.COMMAND_NOT_NEEDED, entry, f"'{program}' is not needed: {why}.")
            case _:
                why = "only services of this server listen; start others outside, or in DAEMON"
                self._note(NoticeEvent.SERVICE_NOT_SERVED, entry, f"'{values['cmd']}' does not listen: {why}.")

    def _service(self, entry: RawEntry, values: dict[str, str], command: ServiceCommand) -> ServiceEntry:
        proto = _proto(values.get("proto", "tcp"))
        if not values.get("listen"):
            raise _Fault(f"it does not say where to listen; allowed: listen= and {ALLOWED}")
        try:
            listen = parse_listen(values["listen"], proto, lookup=self._lookup)
        except ValueError as error:
            raise _Fault(f'listen="{values["listen"]}" cannot be used ({error}); allowed: {ALLOWED}') from None
        for key, why in _WITHOUT_EFFECT.items():
            if key in values and _number(values, key, minimum=0) != 0:
                self._note(NoticeEvent.KEY_WITHOUT_EFFECT, entry, f"Key '{key}' has no effect: {why}.")
        maxchild = _number(values, "maxchild", minimum=-1) if "maxchild" in values else -1
        if maxchild == 0:
            raise _Fault("maxchild=0 would serve nobody; allowed: -1 for no limit, or a whole number from 1")
        if isinstance(command, LmtpService) and command.serves_users and isinstance(listen, InetAddress):
            raise _Fault("lmtpd -u knows users by a socket in the file system; allowed: listen= and its path")
        return ServiceEntry(entry.name, command, listen, proto, maxchild if maxchild > 0 else None, entry.position)

    def _refuse_shared_address(self, service: ServiceEntry) -> None:
        if isinstance(service.listen, InetAddress) and service.listen.port == 0:
            return
        for other in self._services:
            if other.listen == service.listen and other.proto == service.proto:
                raise _Fault(f"'{other.name}' listens there already; allowed: an address of its own")

    def _warn_of_missing_tls(self, service: ServiceEntry, entry: RawEntry) -> None:
        if not isinstance(service.command, ImapService | Pop3Service) or service.command.tls:
            return
        port = service.listen.port if isinstance(service.listen, InetAddress) else 0
        name, number, command = _OVER_TLS[type(service.command)]
        if service.name.lower() == name or port == number:
            text = f'it looks like a service with TLS from the first octet, and is none; write cmd="{command}".'
            self._note(NoticeEvent.SERVICE_WITHOUT_TLS, entry, f"Service '{service.name}': {text}")

    # START, EVENTS, DAEMON

    def _run_command(self, entry: RawEntry, classified: Classified) -> RunCommand | None:
        match classified.command:
            case NotServedYet(program, why):
                self._note(NoticeEvent.COMMAND_NOT_SERVED, entry, f"'{program}' is not run: {why}.")
            case NotNeeded(program, why):
                self._note(NoticeEvent.COMMAND_NOT_NEEDED, entry, f"'{program}' is not run: {why}.")
            case ImapService() | LmtpService() | Pop3Service() | SmmapService() | SieveService():
                raise _Fault("a service does not stand here; allowed: in SERVICES")
            case command:
                return command
        return None

    def _take_daemon(self, entry: RawEntry, values: dict[str, str], classified: Classified) -> None:
        wait = values.get("wait", "n").lower()
        if wait not in TRUE_WORDS | FALSE_WORDS:
            raise _Fault(f"wait={wait} cannot be used; allowed: y or n")
        match self._run_command(entry, classified):
            case ExternalCommand() as command:
                self._daemons.append(DaemonEntry(entry.name, command, wait in TRUE_WORDS, entry.position))
            case None:
                pass
            case _:
                raise _Fault("this command ends by itself; allowed: in START or EVENTS")

    def _note(self, event: NoticeEvent, entry: RawEntry, text: str) -> None:
        self._notices.append(Notice(event, entry.position, entry.name, text))


def _proto(text: str) -> Proto:
    try:
        proto = Proto(text.lower())
    except ValueError:
        raise _Fault(f"proto={text} cannot be used; allowed: {', '.join(Proto)}") from None
    if proto.transport != "tcp":
        raise _Fault(f"proto={text} cannot be used for this service; allowed: tcp, tcp4, tcp6")
    return proto


def _schedule(values: dict[str, str]) -> Schedule:
    if "at" in values:
        at = _number(values, "at", minimum=0)
        if at // 100 > 23 or at % 100 > 59 or len(values["at"]) > 4:
            raise _Fault(f"at={values['at']} cannot be used; allowed: hhmm, from 0000 to 2359")
        return DailyAt(at // 100, at % 100)
    period = _number(values, "period", minimum=0) if "period" in values else 0
    return Periodic(timedelta(minutes=period)) if period else Once()


def _number(values: dict[str, str], key: str, *, minimum: int) -> int:
    text = values[key]
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 7) or not minimum <= int(text) <= _MAX_NUMBER:
        raise _Fault(f"{key}={text} cannot be used; allowed: a whole number from {minimum} to {_MAX_NUMBER}")
    return int(text)
