"""Listeners as a master has them, without sockets."""

from pathlib import Path
from typing import Final

from angarium.config import ImapService, LmtpService, Position, Proto, ServiceEntry, UnixAddress
from angarium.config.cyrusconf import ServiceCommand
from angarium.master import Listener
from angarium.worker.listening import ListenerSockets


def listener(name: str, command: ServiceCommand, address: tuple[str, int] | UnixAddress) -> Listener:
    entry = ServiceEntry(name, command, UnixAddress(Path("/unused")), Proto.TCP, None, Position(Path("/cyrus.conf"), 1))
    return Listener(name, entry, address, ListenerSockets(is_shared=False))


LISTENERS: Final = (
    listener("imap", ImapService(tls=False), ("127.0.0.1", 1143)),
    listener("imaps", ImapService(tls=True), ("::1", 1993)),
    listener("lmtp", LmtpService(preauthorised=True), ("127.0.0.1", 2003)),
    listener("lmtpunix", LmtpService(preauthorised=False), UnixAddress(Path("/d/socket/lmtp"))),
)
