"""Connections, whatever they speak: what they ask of the worker that serves them, and how answers go out."""

from angarium.connections.interface import (
    Admit,
    Alerts,
    Connection,
    Door,
    Place,
    Recording,
    Seat,
    StartTls,
    Telemetry,
)
from angarium.connections.output import ClientGone, Output
from angarium.connections.pace import Pace
from angarium.connections.recording import NOT_RECORDED, follow_telemetry, stop_recording

__all__ = [
    "NOT_RECORDED",
    "Admit",
    "Alerts",
    "ClientGone",
    "Connection",
    "Door",
    "Output",
    "Pace",
    "Place",
    "Recording",
    "Seat",
    "StartTls",
    "Telemetry",
    "follow_telemetry",
    "stop_recording",
]
