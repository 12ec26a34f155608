"""A server with a small echo service; the tests run it in processes of its own."""

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import cast

from angarium.config import (
    CheckpointCommand,
    ExpireCommand,
    ImapService,
    LmtpService,
    Machine,
    RunCommand,
    ServiceEntry,
    UnixAddress,
    parse_cyrus_conf,
    parse_settings,
)
from angarium.errors import AngariumError, ConfigError, StoreBusy
from angarium.master import Configuration, Listener, Server, exit_status, serve
from angarium.worker import Program, Refused, Seat, WorkerContext


class EchoProtocol(asyncio.Protocol):
    """Answers lines with themselves; `wait` answers only at `go`, `unixhierarchysep` with what the worker has."""

    def __init__(self, context: WorkerContext, service: str) -> None:
        self._context = context
        self._service = service
        self._greeting = context.settings.server.servername
        self._seat: Seat | None = None
        self._is_busy = False
        self._is_ending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        try:
            self._seat = self._context.sessions.admit(self._service, peer[0] if peer else "", self)
        except Refused as refused:
            transport.write(f"refused {refused.refusal.name}\n".encode())
            transport.close()
            return
        transport.write(f"hello {self._service} {os.getpid()} {self._greeting}\n".encode())

    def data_received(self, data: bytes) -> None:
        for line in data.decode().split():
            self._answer(line)

    def _answer(self, line: str) -> None:
        match line.partition("="):
            case ("wait", _, _):
                self._is_busy = True
                self._transport.write(b"waiting\n")
            case ("go", _, _):
                self._is_busy = False
                self._transport.write(b"done\n")
                if self._is_ending:
                    self._transport.close()
            case ("servername", _, _):
                self._transport.write(f"{self._context.settings.server.servername}\n".encode())
            case ("unixhierarchysep", _, _):
                self._transport.write(f"{self._context.settings.namespace.unixhierarchysep}\n".encode())
            case ("hang", _, _):
                time.sleep(60)
            case ("child", _, argument):
                task = self._context.loop.create_task(self._run_child(argument))
                task.add_done_callback(lambda done: done.result())
            case ("pam", _, argument):
                task = self._context.loop.create_task(self._check_pam(*argument.split(",")))
                task.add_done_callback(lambda done: done.result())
            case _:
                self._transport.write(line.encode() + b"\n")

    async def _run_child(self, argument: str) -> None:
        argv = ("/bin/sh", "-c", argument.replace("_", " "))
        outcome = await self._context.children.run(argv, stdin=b"given", timeout_s=0.3)
        text = outcome.output.decode().replace("\n", " ").strip()
        self._transport.write(f"{outcome.status} {outcome.timed_out} {text}\n".encode())

    async def _check_pam(self, service: str, user: str, password: str) -> None:
        try:
            code = str(await self._context.children.check_pam(service, user, password, "192.0.2.1"))
        except StoreBusy:
            code = "busy"
        self._transport.write(f"{code}\n".encode())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._seat is not None:
            self._seat.leave()

    def close_for_shutdown(self) -> None:
        if self._is_busy:
            self._is_ending = True
        else:
            self._transport.write(b"bye\n")
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def wake(self) -> None:
        self._transport.write(b"woken\n")


def echo_factory(context: WorkerContext, entry: ServiceEntry) -> Callable[[], asyncio.Protocol]:
    if context.settings.for_service(entry.name).server.servername == "refuse":
        raise ConfigError("the service has a fault")
    return lambda: EchoProtocol(context, entry.name)


@asynccontextmanager
async def open_echo(context: WorkerContext) -> AsyncIterator[Program]:
    directory = context.settings.directories.configdirectory
    if (directory / "refuse").exists():
        raise ConfigError("the store has a fault")

    made: list[str] = []

    def make(context: WorkerContext, entry: ServiceEntry) -> Callable[[], asyncio.Protocol]:
        made.append(entry.name)
        return echo_factory(context, entry)

    async def note(command: RunCommand) -> None:
        (directory / f"done-{type(command).__name__}").touch()

    # As what a program runs beside its services.
    context.loop.call_soon(lambda: logging.getLogger("test").info("runs_beside", extra={"services": sorted(made)}))
    yield Program(
        services={ImapService: make, LmtpService: make},
        operations={CheckpointCommand: note, ExpireCommand: note},
    )


def run_server(directory: Path, silence_max_s: float, *, daemonise: bool) -> int:
    """The body of a server process; standard output tells what the test waits for."""

    def load() -> Configuration:
        conf = parse_cyrus_conf((directory / "cyrus.conf").read_text(), file=directory / "cyrus.conf")
        loaded = parse_settings(
            (directory / "imapd.conf").read_text(),
            file=directory / "imapd.conf",
            services=conf.service_names,
            machine=Machine("first.test", 2),
        )
        return Configuration(loaded.settings, conf)

    def when_serving(listeners: Sequence[Listener]) -> None:
        found: dict[str, object] = {}
        for listener in listeners:
            address = listener.address
            found[listener.service.name] = str(address.path) if isinstance(address, UnixAddress) else address[1]
        (directory / "endpoints.new").write_text(json.dumps(found))
        os.rename(directory / "endpoints.new", directory / "endpoints")
        log.info("serving")

    log = logging.getLogger("test")
    stream = logging.FileHandler(directory / "log")
    logging.basicConfig(level=logging.DEBUG, handlers=[stream], format="%(message)s")
    stream.setFormatter(FieldFormatter())
    try:
        return serve(
            Server(
                configuration=load(),
                load=load,
                open_program=open_echo,
                when_serving=when_serving,
                daemonise=daemonise,
                worker_silence_max=timedelta(seconds=silence_max_s),
            )
        )
    except AngariumError as error:
        sys.stderr.write(f"{error}\n")
        return exit_status(error)


class FieldFormatter(logging.Formatter):
    """The event and its fields as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        plain = logging.makeLogRecord({}).__dict__.keys()
        fields = {key: value for key, value in record.__dict__.items() if key not in plain}
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        return json.dumps({"event": record.msg, **fields}, default=str)
