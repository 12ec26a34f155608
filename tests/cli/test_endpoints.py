import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.listeners import LISTENERS

from angarium.cli.endpoints import remove_stale_endpoints, serialize_endpoints, write_endpoints
from angarium.cli.firstusers import FirstUser
from angarium.config import UnixAddress

USERS = (FirstUser("user", "secret", False), FirstUser("admin", "secreter", True))


def test_the_file_has_the_form_that_programs_read() -> None:
    assert json.loads(serialize_endpoints(LISTENERS, USERS, starttls={"imap"}, pid=4711)) == {
        "services": [
            {"name": "imap", "host": "127.0.0.1", "port": 1143, "tls": False, "starttls": True},
            {"name": "imaps", "host": "::1", "port": 1993, "tls": True, "starttls": False},
            {"name": "lmtp", "host": "127.0.0.1", "port": 2003, "tls": False, "starttls": False},
            {"name": "lmtpunix", "socket": "/d/socket/lmtp"},
        ],
        "users": [
            {"name": "user", "password": "secret", "admin": False},
            {"name": "admin", "password": "secreter", "admin": True},
        ],
        "pid": 4711,
    }
    assert isinstance(LISTENERS[-1].address, UnixAddress)


def test_it_is_for_its_owner_alone_and_has_the_pid(tmp_path: Path) -> None:
    path = tmp_path / "run" / "endpoints.json"
    write_endpoints(path, LISTENERS, USERS, starttls=())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["pid"] == os.getpid()
    remove_stale_endpoints(path)
    assert not path.exists()
    remove_stale_endpoints(path)


def test_that_of_a_running_server_stays(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    path.write_text(json.dumps({"pid": os.getppid()}))
    remove_stale_endpoints(path)
    assert path.exists()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"pid": "x"}', '{"pid": null}', '{"pid": 1e400}', '{"pid": 9999999999999}']
)
def test_that_of_nobody_goes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "endpoints.json"
    path.write_text(text)
    remove_stale_endpoints(path)
    assert not path.exists()


def test_that_of_a_dead_server_goes(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    path = tmp_path / "endpoints.json"
    path.write_text(json.dumps({"pid": dead.pid}))
    remove_stale_endpoints(path)
    assert not path.exists()
