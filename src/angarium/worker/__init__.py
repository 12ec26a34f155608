"""Worker processes: the loop that serves every service, its limits, and the state that all workers share."""

from angarium.worker.announcing import Announcer, StateAnnouncer, WorkerAnnouncer
from angarium.worker.children import ChildOutcome, ChildRunner
from angarium.worker.messagefiles import MessageFiles
from angarium.worker.metrics import Metric, Metrics, read_metrics
from angarium.worker.rundirectory import run_directory
from angarium.worker.services import OpenProgram, OperationHandler, Program, ServiceFactory, WorkerContext
from angarium.worker.sessions import Connection, Refusal, Refused, Seat, ServiceLimits, Sessions
from angarium.worker.sharedscores import Lockout, SharedScores
from angarium.worker.sharedstate import SessionRecord, SharedState
from angarium.worker.telemetry import Recording, Telemetry
from angarium.worker.tls import ServiceTls, is_tls, offers_starttls, service_tls, tls_of_services
from angarium.worker.tools import ToolAnnouncer, tool_announcer
from angarium.worker.worker import WorkerStart, run_worker

__all__ = [
    "Announcer",
    "ChildOutcome",
    "ChildRunner",
    "Connection",
    "Lockout",
    "MessageFiles",
    "Metric",
    "Metrics",
    "OpenProgram",
    "OperationHandler",
    "Program",
    "Recording",
    "Refusal",
    "Refused",
    "Seat",
    "ServiceFactory",
    "ServiceLimits",
    "ServiceTls",
    "SessionRecord",
    "Sessions",
    "SharedScores",
    "SharedState",
    "StateAnnouncer",
    "Telemetry",
    "ToolAnnouncer",
    "WorkerAnnouncer",
    "WorkerContext",
    "WorkerStart",
    "is_tls",
    "offers_starttls",
    "read_metrics",
    "run_directory",
    "run_worker",
    "service_tls",
    "tls_of_services",
    "tool_announcer",
]
