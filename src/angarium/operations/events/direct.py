"""Events that no change log knows: who came and went, and what a full quota has kept out.

They are told as they happen, by the process in which they do, and once: where a sink takes nothing, or too many wait
for it, they are lost. Their order with events from the log is not kept.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from angarium.config import EventParameter
from angarium.engine.rows import QuotaResource, QuotaRow
from angarium.engine.sources import Sources
from angarium.imapurl import ImapServer, serialize_mailbox_url, serialize_server_url
from angarium.names import MailboxName, Namespace

from .describe import Members, timestamp
from .names import EventName
from .notification import ID, Notification
from .policy import EventPolicy
from .sink import EventRefused, Sink, SinkFailed

log = logging.getLogger(__name__)

_WAITING_MAX: Final = 1000
_REPORT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A client's connection."""

    service: str
    client_address: str
    server_address: str = ""
    server_port: int | None = None
    session: str = ""


class AccessEvents:
    """One worker's; belongs to its loop. `run` sends what the other methods were told of."""

    def __init__(self, policy: EventPolicy, sinks: Sequence[Sink], sources: Sources) -> None:
        self._policy = policy
        self._sources = sources
        self._server = ImapServer(policy.server_name)
        self._waiting = {sink: deque[Notification](maxlen=_WAITING_MAX) for sink in sinks}
        self._news = {sink: asyncio.Event() for sink in sinks}
        self._idle = {sink: asyncio.Event() for sink in sinks}
        for idle in self._idle.values():
            idle.set()
        self._reported_s = float("-inf")

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for sink in self._waiting:
                tasks.create_task(self._send_all(sink))

    async def emptied(self) -> None:
        """Returns when every sink was told, or has refused to be."""
        for idle in self._idle.values():
            await idle.wait()

    def logged_in(self, user: str, connection: Connection) -> None:
        """Login (RFC 5423 §4.3)."""
        self._tell_access(EventName.LOGIN, user, connection)

    def logged_out(self, user: str, connection: Connection) -> None:
        """Logout: also where the connection was lost (RFC 5423 §4.3)."""
        self._tell_access(EventName.LOGOUT, user, connection)

    def quota_exceeded(self, mailbox: MailboxName, quota: QuotaRow) -> None:
        """QuotaExceed (RFC 5423 §4.1): something was refused in this mailbox, for the sake of that root."""
        if EventName.QUOTA_EXCEED not in self._policy.events:
            return
        external = Namespace(self._policy.names, None, is_admin=True).to_external(mailbox)
        user = str(mailbox.userid or "")
        members: Members = {"uri": serialize_mailbox_url(self._server, external)}
        names = {QuotaResource.STORAGE: ("diskQuota", "diskUsed"), QuotaResource.MESSAGE: ("maxMessages", "messages")}
        for resource, (limit_member, used_member) in names.items():
            if resource in quota.limits:
                used = quota.used[resource] // resource.unit
                members |= {limit_member: quota.limits[resource], used_member: used}
        self._tell(EventName.QUOTA_EXCEED, user, external, members)

    def _tell_access(self, name: EventName, user: str, connection: Connection) -> None:
        if name not in self._policy.events:
            return
        wanted = self._policy.parameters
        members: Members = {"uri": serialize_server_url(self._server)}
        if connection.server_port is not None:
            members |= {"serverDomain": connection.server_address, "serverPort": connection.server_port}
        if EventParameter.SERVICE in wanted:
            members["service"] = connection.service
        if EventParameter.CLIENTADDRESS in wanted and connection.client_address:
            members["clientAddress"] = connection.client_address
        if EventParameter.SESSIONID in wanted and connection.session:
            members[EventParameter.SESSIONID.value] = connection.session
        self._tell(name, user, "", members)

    def _tell(self, name: EventName, user: str, mailbox: str, said: Members) -> None:
        event_id = self._sources.random_id()
        members: Members = {"event": name.value, ID: event_id}
        if EventParameter.TIMESTAMP in self._policy.parameters:
            members["timestamp"] = timestamp(self._sources.now_s())
        members |= said
        members |= {"pid": os.getpid(), "user": user, "serverFQDN": self._policy.server_name}
        notification = Notification(event_id, name, user, mailbox, members)
        for sink, waiting in self._waiting.items():
            if len(waiting) == _WAITING_MAX:
                self._report(sink, "too many wait")
            waiting.append(notification)
            self._news[sink].set()
            self._idle[sink].clear()

    async def _send_all(self, sink: Sink) -> None:
        waiting, news = self._waiting[sink], self._news[sink]
        while True:
            await news.wait()
            news.clear()
            while waiting:
                try:
                    await sink.send(waiting.popleft())
                except (SinkFailed, EventRefused) as failure:
                    self._report(sink, str(failure))
            self._idle[sink].set()

    def _report(self, sink: Sink, reason: str) -> None:
        """Once a minute at most."""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._reported_s + _REPORT_S:
            self._reported_s = now_s
            log.warning("access_event_lost", extra={"sink": sink.name, "reason": reason})
