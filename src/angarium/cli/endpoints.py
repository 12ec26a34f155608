"""`DIR/run/endpoints.json`: where the services of a running server are, and the users it began with, for programs."""

import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from angarium.cli.firstusers import FirstUser
from angarium.cli.privatefile import write_private
from angarium.config import UnixAddress
from angarium.master import Listener
from angarium.worker import is_tls

Fields = dict[str, str | int | bool]


def serialize_endpoints(
    listeners: Sequence[Listener], users: Sequence[FirstUser], *, starttls: Collection[str], pid: int
) -> str:
    """The text of the file; `starttls` names services."""
    return json.dumps(
        {
            "services": [_service(listener, starttls) for listener in listeners],
            "users": [{"name": user.name, "password": user.password, "admin": user.is_admin} for user in users],
            "pid": pid,
        },
        indent=1,
    )


def write_endpoints(
    path: Path, listeners: Sequence[Listener], users: Sequence[FirstUser], *, starttls: Collection[str]
) -> None:
    """Write the file of this process, for its owner alone, whole or not at all. OSError."""
    os.makedirs(path.parent, mode=0o700, exist_ok=True)
    write_private(path, serialize_endpoints(listeners, users, starttls=starttls, pid=os.getpid()).encode() + b"\n")


def remove_stale_endpoints(path: Path) -> None:
    """Remove the file, unless it is that of another process that runs."""
    try:
        pid = json.loads(path.read_bytes())["pid"]
        if pid != os.getpid():
            os.kill(pid, 0)
            return
    except FileNotFoundError:
        return
    except PermissionError:
        return  # it runs, as another user
    except (ProcessLookupError, ValueError, KeyError, TypeError, OverflowError):
        pass
    path.unlink(missing_ok=True)


def _service(listener: Listener, starttls: Collection[str]) -> Fields:
    name = listener.service.name
    if isinstance(listener.address, UnixAddress):
        return {"name": name, "socket": str(listener.address.path)}
    host, port = listener.address
    return {"name": name, "host": host, "port": port, "tls": is_tls(listener.service), "starttls": name in starttls}
