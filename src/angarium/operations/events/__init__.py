"""Notifications of what happens in the store (RFC 5423): read from the change logs, told to programs, sockets and web
servers, each with a position of its own."""

from .datagram import DatagramSink
from .direct import AccessEvents, Connection
from .external import ExternalSink, ProgramEnd, RunProgram
from .policy import EventPolicy
from .runner import EventRunner
from .sink import Sink
from .webhook import WebhookSink

__all__ = [
    "AccessEvents",
    "Connection",
    "DatagramSink",
    "EventPolicy",
    "EventRunner",
    "ExternalSink",
    "ProgramEnd",
    "RunProgram",
    "Sink",
    "WebhookSink",
]
