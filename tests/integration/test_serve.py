"""`angarium serve --dir` as people meet it: starting, refusing to start, stopping, administration, and bad days."""

import contextlib
import imaplib
import json
import os
import re
import signal
import smtplib
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.letters import note
from tests.server.imapwire import ImapWire
from tests.server.running import (
    FREE_PORTS,
    LOOPBACK,
    WAIT_S,
    Ended,
    RunningServer,
    User,
    directory_for_server,
    run_angarium,
    running_server,
    wait_until,
)

from angarium.config import load_settings

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user, or mount")


def serve(directory: Path, *words: str, run_as: str | None = None) -> Ended:
    """A start that is to be refused."""
    return run_angarium("serve", "--dir", directory, *words, run_as=run_as)


def only_line(ended: Ended) -> str:
    """The one line in which it says why."""
    (line,) = ended.errors.splitlines()
    assert "Traceback" not in ended.output
    return line


# Starting


def test_endpoints_say_where_the_server_is_and_who_may_enter(server: RunningServer) -> None:
    path = server.directory / "run" / "endpoints.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = json.loads(path.read_text())

    assert found.keys() == {"services", "users", "pid"}
    assert found["pid"] == server.pid
    assert {service["name"] for service in found["services"]} == {
        "imap",
        "imaps",
        "pop3",
        "pop3s",
        "sieve",
        "lmtp",
        "lmtpunix",
    }
    for service in found["services"]:
        if service["name"] == "lmtpunix":
            assert service == {"name": "lmtpunix", "socket": f"{server.directory}/socket/lmtp"}
        else:
            assert service["host"] == LOOPBACK
            assert isinstance(service["port"], int)
            assert service["tls"] is (service["name"] in ("imaps", "pop3s"))
            assert service["starttls"] is (service["name"] in ("imap", "pop3", "sieve", "lmtp"))
    assert [(user["name"], user["admin"]) for user in found["users"]] == [("user", False), ("admin", True)]
    for user in found["users"]:
        with server.imap(User(user["name"], user["password"])) as client:
            assert client.select()[0] == "OK"

    server.stop()
    assert not path.exists()


def test_the_server_says_how_to_connect(server: RunningServer) -> None:
    text = server.output.text
    assert f"port {server.port('imap')}" in text
    assert server.user.password in text
    command = re.search(r"curl .*", text)
    assert command is not None
    # Without a terminal of its own curl asks for the password on standard input.
    done = subprocess.run(
        command[0].split(),
        input=f"{server.user.password}\n".encode(),
        start_new_session=True,
        capture_output=True,
        timeout=WAIT_S,
        check=True,
    )
    assert b"INBOX" in done.stdout


def test_ports_passwords_and_mail_are_kept_from_start_to_start(server: RunningServer) -> None:
    server.deliver(note("kept"))
    before = server.endpoints["services"], server.endpoints["users"]
    server.stop()
    server.start()
    assert (server.endpoints["services"], server.endpoints["users"]) == before
    with server.imap() as client:
        assert client.select() == ("OK", [b"1"])


@needs_root
def test_serving_needs_no_root() -> None:
    with running_server(run_as="nobody") as server:
        nobody = server.directory.stat().st_uid
        assert nobody != 0
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in (server.pid, *server.workers())} == {nobody}
        server.deliver(note("for nobody"))
        with server.imap() as client:
            assert client.select() == ("OK", [b"1"])
        server.add_user("another")
        assert server.stop() == os.EX_OK


@needs_root
def test_workers_of_a_server_that_root_started_are_not_root(server: RunningServer) -> None:
    owner = server.directory.stat().st_uid
    assert owner != 0
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in server.workers()} == {owner}
    owners = {path.lstat().st_uid for path in server.directory.rglob("*")}
    assert owners <= {owner, 0}
    mail = {path.lstat().st_uid for part in ("spool", "state/account") for path in (server.directory / part).rglob("*")}
    assert mail == {owner}


# Refusals to start


def test_a_second_server_is_refused_with_the_pid_of_the_first(server: RunningServer) -> None:
    refused = serve(server.directory)

    assert refused.status == os.EX_UNAVAILABLE
    assert f"process {server.pid}" in only_line(refused)
    assert server.endpoints["pid"] == server.pid
    with server.imap() as client:
        assert client.noop()[0] == "OK"


def test_a_port_in_use_is_refused_with_the_pid_of_who_uses_it() -> None:
    with socket.create_server((LOOPBACK, 0)) as other, directory_for_server() as directory:
        port = other.getsockname()[1]

        refused = serve(directory, "--port", f"imap={port}")

        assert refused.status == os.EX_CONFIG
        line = only_line(refused)
        assert f"{LOOPBACK}:{port}" in line
        assert f"process {os.getpid()} " in line
        assert not (directory / "run" / "endpoints.json").exists()


@needs_root
def test_an_unwritable_directory_is_refused() -> None:
    with directory_for_server() as directory:
        directory.parent.chmod(0o755)

        refused = serve(directory, run_as="nobody")

        assert refused.status == os.EX_IOERR
        assert only_line(refused) == f"angarium: {directory}: Permission denied"


@needs_root
def test_a_store_that_became_unwritable_is_refused() -> None:
    with running_server(run_as="nobody") as server:
        server.stop()
        spool = server.directory / "spool"
        spool.chmod(0o500)
        os.chown(spool, 0, 0)

        refused = serve(server.directory, run_as="nobody")

        assert refused.status != os.EX_OK
        assert str(spool) in only_line(refused)


@pytest.fixture(scope="module")
def stopped_server() -> Iterator[RunningServer]:
    """A store whose configuration may be written at will; the server does not run."""
    with running_server() as server:
        server.stop()
        yield server


@pytest.mark.parametrize(
    ("file", "line", "words"),
    [
        ("imapd.conf", "workers: many", ["workers", "'many'", "whole number"]),
        ("imapd.conf", "workers: 0", ["workers", "'0'"]),
        ("imapd.conf", "umask: 999", ["umask", "'999'"]),
        ("imapd.conf", "maxmessagesize: -1", ["maxmessagesize", "'-1'"]),
        ("imapd.conf", "popminpoll 1", []),
        ("imapd.conf", "unixhierarchysep: perhaps", ["unixhierarchysep", "'perhaps'"]),
        ("imapd.conf", "allowplaintext: no", ["allowplaintext", "before"]),
        ("cyrus.conf", "NONSENSE { }", ["section"]),
        ("cyrus.conf", 'SERVICES { imap cmd="imapd" listen="127.0.0.1:1143" }', []),
    ],
)
def test_a_bad_value_is_refused_with_file_line_and_option(
    stopped_server: RunningServer, file: str, line: str, words: list[str]
) -> None:
    path = stopped_server.directory / file
    text = path.read_text()
    number = len(text.splitlines()) + 1
    path.write_text(f"{text}{line}\n")
    try:
        refused = serve(stopped_server.directory)
    finally:
        path.write_text(text)

    assert refused.status == os.EX_CONFIG
    reason = only_line(refused)
    assert f"{path}:{number}" in reason
    for word in words:
        assert word in reason


def test_an_unknown_option_is_warned_of_and_hinders_nothing(server: RunningServer) -> None:
    server.restart_with("no_such_option: 1\n")
    (line,) = server.output.having("no_such_option")
    assert " warning " in line


@pytest.mark.parametrize(
    "words", [["--port", "nosuch=0"], ["--port", "imap=70000"], ["--port", "imap"], ["--frobnicate"]]
)
def test_wrong_usage_is_refused(words: list[str]) -> None:
    with directory_for_server() as directory:
        refused = serve(directory, *words)
        assert refused.status in (os.EX_USAGE, os.EX_CONFIG)
        assert refused.errors.splitlines()[-1].startswith("angarium: ")
        assert not directory.exists()


# Administration


def test_users_are_administered_while_the_server_runs(server: RunningServer) -> None:
    anna = server.add_user("anna")
    with server.imap(anna) as client:
        assert client.select() == ("OK", [b"0"])
    assert server.command("user", "list").output.split() == ["admin", "anna", "user"]

    again = server.command("user", "add", "anna", "--password-stdin", stdin="another\n")
    assert again.status == os.EX_CANTCREAT
    assert "anna" in only_line(again)

    assert server.command("user", "passwd", "anna", "--password-stdin", stdin="a-new-one\n").status == os.EX_OK
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"), server.imap(anna):
        pass
    with server.imap(User("anna", "a-new-one")) as client:
        assert client.noop()[0] == "OK"

    unknown = server.command("user", "passwd", "nobody-known", "--password-stdin", stdin="x\n")
    assert unknown.status == os.EX_NOUSER
    assert "nobody-known" in only_line(unknown)


def test_who_is_deleted_is_logged_out_and_her_mail_waits_below_deleted(server: RunningServer) -> None:
    anna = server.add_user("anna")
    server.deliver(note("left behind"), recipient="anna@example.org")
    idle, busy = (open_session(server, anna) for _ in range(2))
    with contextlib.closing(idle), contextlib.closing(busy):
        ask(idle, "SELECT INBOX")
        idle.send(b"i IDLE\r\n")
        assert idle.receive().tag == "+"

        assert server.command("user", "delete", "anna").status == os.EX_OK

        assert b"BYE" in rest_of(idle)
        rest_of(busy)
    assert server.command("user", "list").output.split() == ["admin", "user"]
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        server.deliver(note("too late"), recipient="anna@example.org")
    assert next(iter(refused.value.recipients.values()))[0] == 550
    with server.imap(server.admin) as client:
        _, lines = client.list('""', '"DELETED/*"')
        assert any(b"anna" in line for line in lines if isinstance(line, bytes))


def test_mail_of_who_is_deleted_can_stay(server: RunningServer) -> None:
    server.add_user("anna")
    server.deliver(note("kept"), recipient="anna@example.org")
    assert server.command("user", "delete", "anna", "--keep-mail").status == os.EX_OK
    assert server.command("user", "list").output.split() == ["admin", "user"]
    done = server.command("path", "user/anna")
    assert done.status == os.EX_OK
    assert b"Subject: kept" in (Path(done.output.strip()) / "1.").read_bytes()


def test_a_new_password_ends_the_sessions_of_the_old_one(server: RunningServer) -> None:
    anna = server.add_user("anna")
    wire = open_session(server, anna)
    with contextlib.closing(wire):
        assert server.command("user", "passwd", "anna", "--password-stdin", stdin="a-new-one\n").status == os.EX_OK
        rest_of(wire)


def test_who_is_connected_is_listed(server: RunningServer) -> None:
    with server.imap() as client:
        client.select()
        (line,) = server.command("who").output.splitlines()
        pid, service, address, user, mailbox, _since = line.split("\t")
        assert int(pid) in server.workers()
        assert (service, address, user, mailbox) == ("imap", LOOPBACK, "user", "user.user")
    wait_until(lambda: not server.command("who").output, "nobody is connected")


# Stopping


def test_term_says_goodbye_and_ends_well(server: RunningServer) -> None:
    idle, quiet = (open_session(server, server.user) for _ in range(2))
    with contextlib.closing(idle), contextlib.closing(quiet):
        ask(idle, "SELECT INBOX")
        idle.send(b"i IDLE\r\n")
        assert idle.receive().tag == "+"

        assert server.stop() == os.EX_OK

        assert rest_of(idle).startswith(b"* BYE ")
        assert rest_of(quiet).startswith(b"* BYE ")
    assert server.output.having(" server_stopped")
    assert not server.output.having(" error ")


def test_term_lets_a_command_that_runs_come_to_its_end(server: RunningServer) -> None:
    message = note("half", "x" * 1000 + "\r\n")
    wire = open_session(server, server.user)
    with contextlib.closing(wire):
        wire.send(b"b APPEND INBOX {%d}\r\n" % len(message))
        assert wire.receive().tag == "+"
        wire.send(message[:500])
        server.signal(signal.SIGTERM)
        server.output.wait_for(" server_stopping ")
        wire.send(message[500:] + b"\r\n")

        answer = rest_of(wire)

        assert b"b OK [APPENDUID " in answer
        assert b"* BYE " in answer
    assert server.wait_ended() == os.EX_OK
    server.start()
    with server.imap() as client:
        assert client.select() == ("OK", [b"1"])


def test_after_a_kill_the_store_opens_by_itself(server: RunningServer) -> None:
    server.deliver(note("before"))
    server.kill()
    server.start()
    with server.imap() as client:
        assert client.select() == ("OK", [b"1"])
    server.deliver(note("after"))


# Bad days


def test_a_damaged_account_harms_nobody_else(server: RunningServer) -> None:
    before = account_files(server)
    anna = server.add_user("anna")
    (file,) = account_files(server) - before
    server.stop()
    octets = file.read_bytes()
    file.write_bytes(octets[:100] + b"\x55" * (len(octets) - 100))
    for companion in ("-wal", "-shm"):
        file.with_name(file.name + companion).unlink(missing_ok=True)
    server.start()

    with server.imap(anna) as client:
        answer, (text,) = client.select()
        assert answer == "NO"
        assert isinstance(text, bytes)
        assert b"[CORRUPTION]" in text
        assert str(server.directory).encode() not in text
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        server.deliver(note("for anna"), recipient="anna@example.org")
    assert next(iter(refused.value.recipients.values()))[0] == 451

    for service in ("imap[", "lmtp["):
        assert "damaged" in server.output.wait_for(str(file), service)
        assert len(server.output.having(str(file), service)) == 1
    assert not server.output.having("Traceback")
    server.deliver(note("for another"))
    with server.imap() as client:
        assert client.select() == ("OK", [b"1"])


def account_files(server: RunningServer) -> set[Path]:
    return set((server.directory / "state" / "account").glob("*/*/*.db"))


def test_a_missing_message_file_is_reported_and_other_mail_is_served(server: RunningServer) -> None:
    server.deliver(note("lost"), note("there"))
    done = server.command("path", "user/user")
    file = Path(done.output.strip()) / "1."
    file.unlink()

    with server.imap() as client:
        assert client.select() == ("OK", [b"2"])
        answer, (text,) = client.fetch("1", "(BODY.PEEK[])")
        assert answer == "NO"
        assert isinstance(text, bytes)
        assert str(server.directory).encode() not in text
        answer, parts = client.fetch("2", "(BODY.PEEK[])")
        assert answer == "OK"
        assert isinstance(parts[0], tuple)
        assert b"Subject: there\r\n" in parts[0][1]
        # The index knows what the file held.
        assert client.search(None, "SUBJECT", "lost")[1] == [b"1"]
    server.output.wait_for(str(file))
    (line,) = server.output.having(str(file))
    assert " error " in line
    assert not server.output.having("Traceback")


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A directory on a file system of its own, of eight megabytes."""
    with directory_for_server() as directory:
        directory.mkdir(mode=0o777)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=777", "tmpfs", directory], check=True)
        try:
            yield directory
        finally:
            subprocess.run(["umount", "--lazy", directory], check=True)


@needs_root
def test_a_full_disk_is_refused_at_the_start(small_disk: Path) -> None:
    fill(small_disk)

    refused = serve(small_disk / "d", *FREE_PORTS)

    assert refused.status != os.EX_OK
    assert "No space left" in only_line(refused)


@needs_root
def test_a_disk_that_fills_up_takes_no_mail_and_loses_none(small_disk: Path) -> None:
    server = RunningServer(small_disk / "d")
    try:
        server.start()
        # The table of sessions is a file with holes on the same disk; one worker has filled the page that it needs.
        server.restart_with("workers: 1\n")
        server.deliver(note("there was room"))
        filler = fill(small_disk)

        with pytest.raises(smtplib.SMTPResponseException) as refused:
            server.deliver(note("no room", "x" * 60 + "\r\n" + "y\r\n" * 50_000))

        assert refused.value.smtp_code in (451, 452)
        with server.imap() as client:
            assert client.select() == ("OK", [b"1"])
            assert client.fetch("1", "(BODY.PEEK[])")[0] == "OK"
        server.output.wait_for("No space left")
        assert not server.output.having("Traceback")

        filler.unlink()
        server.deliver(note("there is room again"))
        with server.imap() as client:
            assert client.select() == ("OK", [b"2"])
    finally:
        server.kill()


def fill(directory: Path) -> Path:
    """A file that takes all the room that is left."""
    path = directory / "filler"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    return path


# Small files by which an administrator speaks to sessions, and watches them


def test_files_of_sessions_follow_them_and_a_shutdown_file_ends_them(server: RunningServer) -> None:
    directory = load_settings(server.directory / "imapd.conf").settings.directories.configdirectory
    user = open_session(server, server.user)
    admin = open_session(server, server.admin)
    (directory / "log" / server.user.name).mkdir()
    owner = directory.stat()
    os.chown(directory / "log" / server.user.name, owner.st_uid, owner.st_gid)
    ask(user, "SELECT INBOX")
    wait_until(
        lambda: any(f"\t{server.user.name}\tuser." in text for text in proc_lines(directory)), "the file of a session"
    )
    wait_until(lambda: len(proc_lines(directory)) == 2, "the file of the other session")
    assert [line.split("\t")[1] for line in proc_lines(directory)] == ["[127.0.0.1]"] * 2
    wait_until(lambda: recorded_after(user, directory / "log" / server.user.name), "a recording")

    (directory / "msg" / "shutdown").write_text("Back at noon\n")
    assert rest_of(user) == b"* BYE [ALERT] Back at noon\r\n"
    user.close()
    ask(admin, "NOOP")
    with pytest.raises(smtplib.SMTPException, match="Back at noon"):
        server.deliver(note("too late"))
    wait_until(lambda: len(proc_lines(directory)) == 1, "the end of the file of a session")
    (directory / "msg" / "shutdown").unlink()

    def delivers() -> bool:
        with contextlib.suppress(smtplib.SMTPException):
            server.deliver(note("in time"))
            return True
        return False

    wait_until(delivers, "an open server")
    (record,) = (directory / "log" / server.user.name).iterdir()
    assert b">* BYE [ALERT] Back at noon" in record.read_bytes()
    assert server.stop() == 0
    admin.close()
    assert not proc_lines(directory)


def proc_lines(directory: Path) -> list[str]:
    lines = []
    for path in (directory / "proc").glob("[!.]*"):
        with contextlib.suppress(FileNotFoundError):
            lines.append(path.read_text())
    return lines


def recorded_after(wire: ImapWire, directory: Path) -> bool:
    """Whether something of what is said now has been recorded."""
    ask(wire, "NOOP")
    return any(b"NOOP\r\n" in path.read_bytes() for path in directory.iterdir())


# Sessions without imaplib, which hides what comes unasked


def open_session(server: RunningServer, user: User) -> ImapWire:
    wire = ImapWire(LOOPBACK, server.port("imap"), timeout_s=WAIT_S)
    wire.receive()
    ask(wire, f"LOGIN {user.name} {user.password}")
    return wire


def ask(wire: ImapWire, command: str) -> None:
    tag = wire.new_tag()
    wire.send(f"{tag} {command}\r\n".encode())
    *_, answer = wire.receive_until(tag)
    assert answer.octets.startswith(b"OK "), answer


def rest_of(wire: ImapWire) -> bytes:
    """What comes until the server closes."""
    octets = b""
    with contextlib.suppress(ConnectionError):
        while True:
            response = wire.receive()
            octets += response.tag.encode() + b" " + response.octets
    return octets
