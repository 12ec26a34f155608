"""Whole servers: real processes, sockets and signals."""

import datetime
import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.master.pamservices import pam_services

if TYPE_CHECKING:
    from tests.master.conftest import RunningServer

ECHO = 'SERVICES {\n imap cmd="imapd" listen="127.0.0.1:0"\n}\n'
BOTH = 'SERVICES {{\n imap cmd="imapd" listen="127.0.0.1:0"\n lmtpunix cmd="lmtpd" listen="{socket}"\n}}\n'


def test_serves_tcp_and_a_unix_socket_from_its_own_workers(server: "RunningServer") -> None:
    path = server.directory / "socket" / "lmtp"
    server.write(BOTH.format(socket=path))
    server.start()
    assert server.connect("imap").ask("word") == "word"
    assert server.connect("lmtpunix").ask("word") == "word"
    assert {server.connect().worker for _ in range(40)} == set(server.workers())
    assert (path.stat().st_mode & 0o777) == 0o777


def test_what_a_worker_runs_beside_its_services_finds_them_made(server: "RunningServer") -> None:
    server.write(BOTH.format(socket=server.directory / "socket" / "lmtp"))
    server.start()
    server.seen = 0  # it may come before the server is ready, and behind
    for _ in server.workers():
        assert server.wait_for("runs_beside")["services"] == ["imap", "lmtpunix"]


def test_connections_spread_over_the_workers(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start()
    counts = Counter(server.connect().worker for _ in range(200))
    assert len(counts) == 2
    assert min(counts.values()) > 50


def test_stops_at_sigterm_with_goodbyes_and_leaves_no_files(server: "RunningServer") -> None:
    path = server.directory / "socket" / "lmtp"
    server.write(BOTH.format(socket=path))
    server.start()
    client = server.connect()
    state = server.directory / "state"
    assert (state / "master.ready").exists()
    server.signal(signal.SIGTERM)
    assert client.line() == "bye"
    assert server.wait_ended() == 0
    assert not path.exists()
    assert not (state / "master.pid").exists()
    assert not (state / "master.ready").exists()
    assert sorted(each.name for each in (state / "run").iterdir()) == ["master.lock"]


def test_a_running_command_finishes_before_the_end(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start()
    client = server.connect()
    assert client.ask("wait") == "waiting"
    server.signal(signal.SIGTERM)
    server.wait_for("server_stopping")
    assert client.ask("go") == "done"
    assert server.wait_ended() == 0


def test_what_runs_too_long_is_dropped_at_shutdown_timeout(server: "RunningServer") -> None:
    server.write(ECHO, "shutdown_timeout: 0s")
    server.start()
    client = server.connect()
    assert client.ask("wait") == "waiting"
    server.signal(signal.SIGTERM)
    server.wait_for("drain_timed_out", sessions=1)
    assert server.wait_ended() == 0


def test_a_second_sigterm_ends_at_once(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start()
    client = server.connect()
    assert client.ask("wait") == "waiting"
    server.signal(signal.SIGTERM)
    server.wait_for("server_stopping")
    server.signal(signal.SIGTERM)
    assert server.wait_ended() == 0
    assert client.line() == ""


def test_a_killed_worker_is_replaced_and_its_slot_served_meanwhile(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start()
    for _ in range(3):
        victim = server.workers()[0]
        os.kill(victim, signal.SIGKILL)
        # Each connection is answered, whichever slot the kernel picks.
        assert all(server.connect().ask("word") == "word" for _ in range(20))
        server.wait_for("worker_exited", worker=victim, signal=9)
        server.wait_for("worker_started", slot=0)
    assert victim not in server.workers()


def test_a_worker_outlives_a_write_to_a_client_that_is_gone(server: "RunningServer") -> None:
    """The second write to a connection that the client has reset raises SIGPIPE, whose default ends the process."""
    server.write(ECHO)
    server.start()
    before = server.workers()
    for worker in before:
        os.kill(worker, signal.SIGPIPE)
    assert all(server.connect().ask("word") == "word" for _ in range(20))
    assert server.workers() == before


def test_the_slot_of_a_worker_that_cannot_start_is_served_by_another(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start()
    victim, other = server.workers()
    (server.directory / "state" / "refuse").touch()
    os.kill(victim, signal.SIGKILL)
    server.wait_for("worker_start_failed")
    assert {server.connect().worker for _ in range(40)} == {other}
    (server.directory / "state" / "refuse").unlink()
    while len({server.connect().worker for _ in range(40)}) < 2:
        assert server.connect().ask("word") == "word"


def test_connections_wait_while_the_only_worker_is_replaced(server: "RunningServer") -> None:
    server.write(ECHO, "workers: 1")
    server.start()
    for _ in range(3):
        os.kill(server.workers()[0], signal.SIGKILL)
        assert server.connect().ask("word") == "word"


def test_a_silent_worker_is_killed_and_replaced(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start(silence_max_s=0.4)
    client = server.connect()
    client.socket.sendall(b"hang\n")
    server.wait_for("worker_killed", worker=client.worker, reason="silent")
    server.wait_for("worker_exited", worker=client.worker)
    assert client.line() == ""
    assert server.connect().ask("word") == "word"


def test_a_worker_told_to_end_drains_when_its_replacement_serves(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start()
    client = server.connect()
    assert client.ask("wait") == "waiting"
    os.kill(client.worker, signal.SIGTERM)
    server.wait_for("worker_retiring", worker=client.worker)
    server.wait_for("worker_started")
    assert client.ask("go") == "done"
    server.wait_for("worker_drained", worker=client.worker)
    assert {server.connect().worker for _ in range(40)} == set(server.workers())


def test_a_second_server_is_refused_with_the_pid_of_the_first(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start()
    status, errors = server.launch_another()
    assert status == os.EX_UNAVAILABLE
    assert errors.count("\n") == 1
    assert f"process {server.pid}" in errors
    assert server.connect().ask("word") == "word"


def test_an_address_in_use_is_named_with_its_service_and_occupant(server: "RunningServer") -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        port = other.getsockname()[1]
        server.write(f'SERVICES {{\n imap cmd="imapd" listen="127.0.0.1:{port}"\n}}\n')
        status, errors = server.launch_another()
    assert status == os.EX_CONFIG
    assert errors.startswith(f"service imap: cannot listen on 127.0.0.1:{port}: in use by process {os.getpid()} (")
    assert errors.count("\n") == 1


def test_a_stale_socket_is_replaced_and_a_live_one_refused(server: "RunningServer") -> None:
    path = server.directory / "lmtp"
    server.write(BOTH.format(socket=path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(path))
        other.listen(1)
        status, errors = server.launch_another()
        assert status == os.EX_CONFIG
        assert errors == f"service lmtpunix: cannot listen on {path}: another process listens there\n"
    server.seen = len(server.events())
    server.start()
    assert server.connect("lmtpunix").ask("word") == "word"


def test_a_fault_of_the_program_stops_the_start_with_one_line(server: "RunningServer") -> None:
    server.write(ECHO)
    state = server.directory / "state"
    state.mkdir()
    (state / "refuse").touch()
    if os.geteuid() == 0:
        shutil.chown(state, "nobody")
    assert server.launch_another() == (os.EX_CONFIG, "the store has a fault\n")
    # Whoever called it tells of it, once.
    assert not [event for event in server.events() if str(event["event"]).endswith("start_failed")]
    assert server.launch_another(daemonise=True) == (os.EX_CONFIG, "angarium: the store has a fault\n")
    assert [event["reason"] for event in server.events() if event["event"] == "start_failed"] == [
        "the store has a fault"
    ]


def test_a_directory_that_cannot_be_written_is_named(server: "RunningServer") -> None:
    server.write(ECHO, "partition-other: /proc/angarium")
    status, errors = server.launch_another()
    assert status == os.EX_CONFIG
    assert errors.startswith("/proc/angarium: cannot be made or used: ")
    assert errors.count("\n") == 1


def test_after_kill_9_of_the_master_the_workers_end_and_a_new_server_starts(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start()
    client = server.connect()
    server.signal(signal.SIGKILL)
    assert client.line() == "bye"
    assert server.wait_ended() == -signal.SIGKILL
    server.restart_after_kill()
    assert server.connect().ask("word") == "word"


def test_hup_gives_new_connections_new_settings_and_old_ones_keep_theirs(server: "RunningServer") -> None:
    server.write(ECHO, "servername: before.test")
    server.start()
    old = server.connect()
    server.write(ECHO, "servername: after.test")
    server.signal(signal.SIGHUP)
    server.wait_for("reloaded")
    server.wait_for("reloaded")
    assert {server.connect().greeting.split()[3] for _ in range(10)} == {"after.test"}
    assert old.ask("word") == "word"


def test_what_waits_for_a_restart_is_named_and_waits_in_workers_that_are_replaced_too(server: "RunningServer") -> None:
    server.write(ECHO, "unixhierarchysep: yes\nservername: before.test")
    server.start()
    server.write(ECHO, "unixhierarchysep: no\nservername: after.test\nworkers: 7")
    server.signal(signal.SIGHUP)
    assert server.wait_for("option_needs_restart")["option"] == "workers"
    assert server.wait_for("option_needs_restart")["option"] == "unixhierarchysep"
    server.wait_for("reloaded")
    server.wait_for("reloaded")
    old = {server.connect().worker for _ in range(20)}
    for worker in old:
        os.kill(worker, signal.SIGKILL)
    for _ in old:
        server.wait_for("worker_exited")
    fresh = server.connect()
    assert fresh.worker not in old
    assert fresh.ask("unixhierarchysep") == "True"


def test_tls_serves_the_certificate_that_is_there_since_hup(server: "RunningServer") -> None:
    certificate = server.directory / "cert.pem"
    service = 'SERVICES {\n imaps cmd="imapd -s" listen="127.0.0.1:0"\n}\n'
    server.write(service, f"tls_server_cert: {certificate}")
    first = write_certificate(certificate)
    server.start()
    assert presented_certificate(server) == first
    second = write_certificate(certificate)
    server.signal(signal.SIGHUP)
    server.wait_for("reloaded")
    server.wait_for("reloaded")
    assert presented_certificate(server) == second
    certificate.write_text("nonsense")
    server.signal(signal.SIGHUP)
    server.wait_for("reload_failed")
    server.wait_for("reload_failed")
    assert presented_certificate(server) == second


def presented_certificate(server: "RunningServer") -> bytes | None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    address = ("127.0.0.1", int(server.endpoint("imaps")))
    with socket.create_connection(address, timeout=15) as plain, context.wrap_socket(plain) as secured:
        assert secured.recv(5) == b"hello"
        return secured.getpeercert(binary_form=True)


def write_certificate(path: Path) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return certificate.public_bytes(serialization.Encoding.DER)


def test_hup_adds_and_removes_services(server: "RunningServer") -> None:
    path = server.directory / "lmtp"
    server.write(ECHO)
    server.start()
    server.write(BOTH.format(socket=path))
    server.signal(signal.SIGHUP)
    server.wait_for("reloaded")
    server.wait_for("reloaded")
    (server.directory / "endpoints").write_text(f'{{"imap": {server.endpoint("imap")}, "lmtpunix": "{path}"}}')
    assert server.connect("lmtpunix").ask("word") == "word"
    assert server.connect("imap").ask("word") == "word"
    server.write(f'SERVICES {{\n lmtpunix cmd="lmtpd" listen="{path}"\n}}\n')
    server.signal(signal.SIGHUP)
    server.wait_for("reloaded")
    server.wait_for("reloaded")
    with pytest.raises(ConnectionRefusedError):
        server.connect("imap")
    assert server.connect("lmtpunix").ask("word") == "word"


def test_a_bad_configuration_at_hup_is_logged_and_the_old_one_kept(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start()
    server.write(ECHO, "shutdown_timeout: soon")
    server.signal(signal.SIGHUP)
    refused = server.wait_for("reload_refused")
    assert "shutdown_timeout" in str(refused["reason"])
    assert server.connect().ask("word") == "word"


def test_what_a_service_cannot_do_at_hup_is_logged_and_all_of_the_old_is_kept(server: "RunningServer") -> None:
    server.write(ECHO, "servername: before.test\nworkers: 1")
    server.start()
    old = server.connect()
    server.write(ECHO, "servername: refuse\nworkers: 1\nmax_connections_per_host: 1")
    server.signal(signal.SIGHUP)
    assert server.wait_for("reload_failed")["reason"] == "the service has a fault"
    for _ in range(2):
        client = server.connect()
        assert client.greeting.split()[3] == client.ask("servername") == "before.test"
    assert old.ask("servername") == "before.test"


def test_maxchild_holds_over_all_workers(server: "RunningServer") -> None:
    server.write('SERVICES {\n imap cmd="imapd" listen="127.0.0.1:0" maxchild=3\n}\n')
    server.start()
    clients = [server.connect() for _ in range(10)]
    greeted = [client for client in clients if client.greeting.startswith("hello")]
    assert len(greeted) == 3
    assert {client.greeting for client in clients} - {client.greeting for client in greeted} == {
        "refused TOO_MANY_OF_SERVICE"
    }


def test_start_commands_run_in_order_before_anything_is_served(server: "RunningServer") -> None:
    noted = server.directory / "noted"
    noted.touch()
    noted.chmod(0o666)
    script = server.directory / "note.sh"
    script.write_text(f'#!/bin/sh\necho "$1 $(id -un)" >> {noted}\necho said $1\n')
    script.chmod(0o755)
    server.write(
        f'START {{\n one cmd="{script} one"\n recover cmd="ctl_cyrusdb -r"\n check cmd="ctl_cyrusdb -c"\n'
        f' two cmd="{script} two"\n}}\n' + ECHO
    )
    server.start()
    user = "nobody" if os.geteuid() == 0 else os.environ.get("USER", "")
    assert noted.read_text() == f"one {user}\ntwo {user}\n"
    names = [
        event.get("line") or event["event"]
        for event in server.events()
        if event["event"] in ("command_output", "operation_finished", "server_ready")
    ]
    assert names == ["said one", "operation_finished", "said two", "server_ready"]


def test_events_run_operations_in_a_worker(server: "RunningServer") -> None:
    server.write('EVENTS {\n checkpoint cmd="ctl_cyrusdb -c" period=30\n expire cmd="cyr_expire -E 3"\n}\n' + ECHO)
    server.start()
    server.wait_for("operation_finished", command="checkpoint", cmd="ctl_cyrusdb -c", outcome="ok")
    server.seen = 0
    server.wait_for("operation_finished", command="expire", cmd="cyr_expire -E 3", outcome="ok")
    noted = [each.name for each in (server.directory / "state").glob("done-*")]
    assert sorted(noted) == ["done-CheckpointCommand", "done-ExpireCommand"]


def test_a_daemon_is_waited_for_and_started_again(server: "RunningServer") -> None:
    marker = server.directory / "ended"
    script = server.directory / "daemon.sh"
    script.write_text(f"#!/bin/sh\necho up\n[ -e {marker} ] && exec sleep 60\ntouch {marker}\nprintf 'ok\\r\\n' >&3\n")
    script.chmod(0o755)
    server.write(f'DAEMON {{\n helper cmd="{script}" wait=y\n}}\n' + ECHO)
    server.start()
    lines = [event.get("line") or event["event"] for event in server.events()]
    assert lines.index("up") < lines.index("server_ready")
    server.seen = 0
    server.wait_for("command_output", line="up")
    server.wait_for("command_output", line="up")
    server.signal(signal.SIGTERM)
    assert server.wait_ended() == 0


def test_a_worker_has_commands_run_by_the_master(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start()
    client = server.connect()
    user = "nobody" if os.geteuid() == 0 else ""
    assert client.ask("child=cat;id_-un;exit_3").startswith(f"3 False given{user}")
    assert client.ask("child=echo_begun;exec_sleep_60") == "137 True begun"


def test_a_daemonised_server_answers_its_starter_when_ready(server: "RunningServer") -> None:
    server.write(ECHO)
    starter = server.launch(daemonise=True)
    assert starter.wait(timeout=15) == 0
    assert server.connect().ask("word") == "word"
    assert os.getsid(server.pid) != os.getsid(0)
    status, errors = server.launch_another(daemonise=True)
    assert status == os.EX_UNAVAILABLE
    assert f"process {server.pid}" in errors


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, as whom the master stays root")
def test_workers_of_a_root_master_run_as_cyrus_user_with_its_groups(server: "RunningServer") -> None:
    server.write(ECHO)
    server.start()
    expected = {key: subprocess.check_output(["id", f"-{key}", "nobody"], text=True).split() for key in "ugG"}
    for pid in server.workers():
        status = status_of(pid)
        assert status["Uid"].split() == expected["u"] * 4
        assert status["Gid"].split() == expected["g"] * 4
        assert sorted(status["Groups"].split()) == sorted(expected["G"])
    assert status_of(server.pid)["Uid"].split() == ["0"] * 4
    assert status_of(server.pid)["Threads"].strip() == "1"


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_a_ready_file_that_cannot_be_written_stops_the_start(server: "RunningServer") -> None:
    (server.directory / "ready").mkdir()
    server.write(ECHO, f"master_ready_file: {server.directory}/ready")
    status, errors = server.launch_another()
    assert status == os.EX_CONFIG
    assert errors.startswith(f"{server.directory}/ready: cannot be written: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes services of PAM")
def test_pam_is_asked_as_root_for_workers_that_are_not(server: "RunningServer") -> None:
    with pam_services(server.directory, "imap") as prefix:
        options = f"pam_service_prefix: {prefix}\nsasl_pwcheck_method: pam"
        server.write(ECHO, options)
        server.start()
        client = server.connect()
        assert client.ask("pam=imap,alice,secret") == "0"
        assert client.ask("pam=imap,alice,wrong") == "7"
        uid, service, user, address, _ = (server.directory / "script.log").read_text().splitlines()[0].split()
        assert (uid, service, user, address) == ("0", f"{prefix}imap", "alice", "192.0.2.1")
        log = (server.directory / "log").read_text()
        assert "secret" not in log
        assert "wrong" not in log

        # Nobody is to be checked by it any more, whatever a worker asks.
        server.write(ECHO, f"pam_service_prefix: {prefix}")
        server.signal(signal.SIGHUP)
        server.wait_for("server_reloaded")
        assert client.ask("pam=imap,alice,secret") == "busy"
        server.wait_for("pam_not_asked")
        assert len((server.directory / "script.log").read_text().splitlines()) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes services of PAM")
def test_a_server_that_stops_waits_for_no_module_of_pam(server: "RunningServer") -> None:
    with pam_services(server.directory, "imap") as prefix:
        server.write(ECHO, f"pam_service_prefix: {prefix}\nsasl_pwcheck_method: pam\nshutdown_timeout: 0s")
        server.start()
        client = server.connect()
        client.socket.sendall(b"pam=imap,slow,secret\n")
        log = server.directory / "script.log"
        while not (log.exists() and log.read_text().endswith("\n")):
            assert server.connect().ask("word") == "word"
        server.signal(signal.SIGTERM)
        try:
            assert server.wait_ended() == 0
        finally:
            os.kill(int(log.read_text().split()[-1]), signal.SIGKILL)
