"""Our own clients against a server of ours: each protocol, mechanism and way to TLS, in the words of Cyrus's."""

import itertools
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.running import (
    ANGARIUM,
    LOOPBACK,
    WAIT_S,
    Ended,
    RunningServer,
    User,
    run_angarium,
    run_client,
    running_server,
    wait_until,
)
from tests.server.terminal import Terminal
from tests.worker.certificates import Authority

_MECHANISMS = (
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "DIGEST-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "SCRAM-SHA-512",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-512-PLUS",
)
_SERVICES = {"imtest": "imap", "pop3test": "pop3", "sivtest": "sieve", "lmtptest": "lmtp"}
_ENDS = "Authenticated.\nSecurity strength factor: {}\n"
_REFUSED = "Authentication failed. {}\nSecurity strength factor: {}\n"
_GOOD = 'require "fileinto";\nif header :contains "subject" "spam" { fileinto "Spam"; }\n'
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server that has all mechanisms which need nobody else; clients may have certificates, and log in for LMTP."""
    with running_server() as running:
        authority = Authority("users.test")
        authority.issue_for_user(running.user.name).write(running.directory / "user.pem")
        conf = running.directory / "cyrus.conf"
        conf.write_text(conf.read_text().replace('cmd="lmtpd -a"', 'cmd="lmtpd"'))
        running.restart_with(
            "failedloginpause: 0\nallowanonymouslogin: yes\n"
            f"sasl_mech_list: {' '.join(_MECHANISMS)} ANONYMOUS EXTERNAL\n"
            f"tls_server_ca_file: {authority.write(running.directory / 'users-ca.pem')}\n"
        )
        words = ("user", "shared-secret", "set", running.user.name, "--password-stdin")
        assert running.command(*words, stdin=f"{running.user.password}\n").status == 0
        yield running


@pytest.fixture
def user(server: RunningServer) -> User:
    """A user of this test alone."""
    return server.add_user(f"tools-{next(_NUMBERS)}")


def tried(
    server: RunningServer,
    tool: str,
    *words: str | Path,
    user: User | None = None,
    stdin: str = "",
    service: str | None = None,
    host: str = LOOPBACK,
) -> str:
    """What a tool prints that ends well."""
    user = user or server.user
    port = str(server.port(service or _SERVICES[tool]))
    done = run_client(tool, "-a", user.name, "-w", user.password, "-p", port, *words, host, stdin=stdin)
    assert (done.status, done.errors) == (0, ""), done
    return done.output


def pattern(text: str) -> re.Pattern[str]:
    """A transcript in which `…` stands for anything on a line."""
    return re.compile(re.escape(text).replace("…", "[^\n]*"))


# Dialogues


def test_the_dialogue_of_a_login_by_imap(server: RunningServer) -> None:
    user = server.user
    shown = tried(server, "imtest", "-m", "login")
    assert pattern(
        f"S: * OK [CAPABILITY IMAP4rev1 …\nC: L01 LOGIN {user.name} {{{len(user.password)}}}\nS: + go ahead\n"
        f"C: <omitted>\nS: L01 OK [CAPABILITY …] User logged in SESSIONID=<…>\n{_ENDS.format(0)}"
        "C: Q01 LOGOUT\n* BYE LOGOUT received\nQ01 OK Completed\nConnection closed.\n"
    ).fullmatch(shown)


def test_the_dialogue_of_a_mechanism(server: RunningServer) -> None:
    shown = tried(server, "imtest", "-m", "SCRAM-SHA-256", "-u", server.user.name)
    assert pattern(
        "S: * OK …\nC: A01 AUTHENTICATE SCRAM-SHA-256 bixhPX…\nS: + cj…\nC: Yz1…\nS: + dj…\nC: \nS: A01 OK …\n"
        f"{_ENDS.format(0)}C: Q01 LOGOUT\n* BYE LOGOUT received\nQ01 OK Completed\nConnection closed.\n"
    ).fullmatch(shown)


def test_the_dialogue_of_a_refusal(server: RunningServer) -> None:
    wrong = User(server.user.name, "wrong")
    shown = tried(server, "imtest", "-m", "PLAIN", user=wrong)
    assert pattern(
        f"S: * OK …\nC: A01 AUTHENTICATE PLAIN …\nS: A01 NO [AUTHENTICATIONFAILED] authentication failure\n"
        f"{_REFUSED.format('generic failure', 0)}C: Q01 LOGOUT\n* BYE LOGOUT received\nQ01 OK Completed\n"
        "Connection closed.\n"
    ).fullmatch(shown)


@pytest.mark.parametrize("command", ["user", "apop"])
def test_the_dialogue_of_a_login_by_pop3(server: RunningServer, command: str) -> None:
    shown = tried(server, "pop3test", "-m", command)
    greeting, _, login = shown.partition("S: .\n")
    assert greeting.startswith("S: +OK ")
    assert "\nC: CAPA\nS: +OK List of capabilities follows\nS: SASL " in greeting
    user_and_pass = f"C: USER {server.user.name}\nS: +OK Name is a valid mailbox\nC: PASS <omitted>\n"
    sent = user_and_pass if command == "user" else f"C: APOP {server.user.name} …\n"
    end = f"S: +OK Mailbox locked and ready SESSIONID=<…>\n{_ENDS.format(0)}C: QUIT\n+OK…\nConnection closed.\n"
    assert pattern(sent + end).fullmatch(login)


def test_the_dialogue_of_a_login_by_managesieve(server: RunningServer) -> None:
    shown = tried(server, "sivtest", "-m", "PLAIN")
    capabilities, _, login = shown.partition('"UNAUTHENTICATE"\n')
    assert capabilities.startswith('S: "IMPLEMENTATION" "Angarium ')
    assert pattern(
        f'S: OK\nC: AUTHENTICATE "PLAIN" {{…+}}\n…\nS: OK\n{_ENDS.format(0)}C: LOGOUT\nOK "Logout Complete"\n'
        "Connection closed.\n"
    ).fullmatch(login)


@pytest.mark.parametrize("tool", ["imtest", "pop3test", "sivtest"])
@pytest.mark.parametrize("mechanism", _MECHANISMS)
def test_each_mechanism_under_tls(server: RunningServer, tool: str, mechanism: str) -> None:
    shown = tried(server, tool, "-t", "", "-m", mechanism)
    assert re.search(r"\nTLS connection established: TLSv1\.3 with cipher \S+ \(256/256 bits\)\n", shown)
    assert _ENDS.format(256) in shown


def test_somebody_who_does_not_say_who_she_is(server: RunningServer) -> None:
    assert _ENDS.format(0) in tried(server, "imtest", "-m", "ANONYMOUS", user=User("visitor", ""))


@pytest.mark.parametrize(("tool", "service"), [("imtest", "imaps"), ("pop3test", "pop3s")])
def test_tls_from_the_first_octet(server: RunningServer, tool: str, service: str) -> None:
    """Bound to the connection, where no other mechanism is named."""
    shown = tried(server, tool, "-s", service=service)
    assert shown.startswith("TLS connection established: ")
    assert " SCRAM-SHA-512-PLUS " in shown
    assert _ENDS.format(256) in shown


def test_a_certificate_says_who_it_is(server: RunningServer) -> None:
    nobody = User("nobody", "")
    shown = tried(server, "imtest", "-t", server.directory / "user.pem", user=nobody)
    assert "C: A01 AUTHENTICATE EXTERNAL =\nS: A01 OK [CAPABILITY " in shown
    assert _ENDS.format(256) in shown


def test_lmtp_over_a_socket(server: RunningServer) -> None:
    shown = tried(server, "lmtptest", host=server.socket_path("lmtpunix"))
    assert "C: LHLO lmtptest\n" in shown
    assert f"C: AUTH EXTERNAL =\nS: 235 2.7.0 Authenticated!\n{_ENDS.format(0)}C: QUIT\n221 2.0.0 bye\n" in shown


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512-PLUS"])
def test_lmtp_with_a_password(server: RunningServer, mechanism: str) -> None:
    """Over TCP, from a client who may not deliver before."""
    shown = tried(server, "lmtptest", "-t", "", "-m", mechanism, user=server.admin)
    assert f"C: AUTH {mechanism}" in shown
    assert f"S: 235 2.7.0 Authenticated!\n{_ENDS.format(256)}C: QUIT\n221 2.0.0 bye\n" in shown


def test_lmtp_with_the_password_of_somebody_who_may_not_deliver(server: RunningServer, user: User) -> None:
    shown = tried(server, "lmtptest", "-t", "", "-m", "PLAIN", user=user)
    assert "\nS: 535 5.7.8 authentication failure\n" in shown
    assert _REFUSED.format("generic failure", 256) in shown


# What follows the login


@pytest.mark.parametrize("words", [(), ("-q",), ("-t", "", "-q")])
def test_commands_are_passed_through(server: RunningServer, words: tuple[str, ...]) -> None:
    shown = tried(server, "imtest", "-m", "SCRAM-SHA-256", *words, stdin='. LIST "" INBOX\n')
    assert ("S: Z01 OK DEFLATE active\n" in shown) is bool(words)
    assert '\n* LIST (\\HasNoChildren) "/" INBOX\n. OK Completed' in shown
    assert shown.endswith("\n* BYE LOGOUT received\nQ01 OK Completed\nConnection closed.\n")


def test_commands_of_a_file_are_shown(server: RunningServer, tmp_path: Path) -> None:
    file = tmp_path / "commands"
    file.write_text(". NOOP\n")
    lines = tried(server, "imtest", "-m", "PLAIN", "-f", file).splitlines()
    # What is sent is shown as it is read, and not when it is answered.
    assert lines.index(". NOOP") < lines.index("C: Q01 LOGOUT")
    assert lines.index(". NOOP") < lines.index(". OK Completed") < lines.index("Q01 OK Completed")


def test_several_logins_are_timed(server: RunningServer) -> None:
    shown = tried(server, "imtest", "-m", "PLAIN", "-n", "2", "-z", "-i")
    assert shown.count("C: A01 AUTHENTICATE PLAIN\nS: + \n") == 2
    assert shown.count("S: * BYE LOGOUT received\nS: Q01 OK Completed\nConnection closed.\n") == 2
    assert re.search(r"\ntook [0-9]+\.[0-9]{3} seconds\n\Z", shown)


def test_verbosely_messages_are_shown_decoded(server: RunningServer) -> None:
    shown = tried(server, "imtest", "-v", "-t", "", "-m", "CRAM-MD5")
    assert re.search(r"\nSHA-256 of the server's certificate: ([0-9A-F]{2}:){31}[0-9A-F]{2}\n", shown)
    assert re.search(rf"\n\[client: {server.user.name} [0-9a-f]{{32}}\]\n", shown)


def test_a_session_is_lent_from_the_background(server: RunningServer, user: User, tmp_path: Path) -> None:
    path, pid_file = tmp_path / "session", tmp_path / "pid"
    shown = tried(server, "imtest", "-t", "", "-X", path, "-I", pid_file, user=user)
    assert shown.endswith(_ENDS.format(256))
    try:
        for _ in range(2):
            with socket.socket(socket.AF_UNIX) as program, program.makefile("rwb") as stream:
                program.settimeout(WAIT_S)
                program.connect(str(path))
                stream.write(b"a CREATE x\nb LOGOUT\n")
                stream.flush()
                assert stream.readline().startswith(b"a ")
                assert stream.readline() == b""
    finally:
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
    wait_until(lambda: not path.exists(), "the socket goes")


def test_a_session_that_there_is_not_is_lent_to_nobody(server: RunningServer, tmp_path: Path) -> None:
    path, port = tmp_path / "session", str(server.port("imap"))
    done = run_client("imtest", "-a", "nobody", "-w", "x", "-m", "PLAIN", "-p", port, "-x", path, LOOPBACK)
    assert (done.status, done.errors) == (77, "")
    assert done.output.endswith("C: Q01 LOGOUT\nS: * BYE LOGOUT received\nS: Q01 OK Completed\nConnection closed.\n")
    assert not path.exists()


# Refusals


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("-m", "FOO"), "generic failure"),
        (("-k", "56"), "no mechanism available"),
        (("--verify",), "there is no certificate without TLS"),
    ],
)
def test_what_is_not_tried(server: RunningServer, words: tuple[str, ...], reason: str) -> None:
    shown = tried(server, "imtest", *words)
    assert _REFUSED.format(reason, 0) in shown
    assert ("[Server did not advertise AUTH=FOO]\n" in shown) is ("FOO" in words)


def test_certificates_are_looked_at_where_it_is_asked_for(server: RunningServer) -> None:
    own = server.directory / "tls" / "cert.pem"
    assert _ENDS.format(256) in tried(server, "imtest", "-t", "", "--ca", own, host="localhost")
    port = str(server.port("imaps"))
    done = run_client("imtest", "-s", "--verify", "-p", port, "localhost")
    assert (done.status, done.output) == (69, "")
    assert done.errors == "angarium: the server's certificate is refused: self-signed certificate\n"


@pytest.mark.parametrize("tool", ["imtest", "pop3test", "sivtest", "lmtptest", "sieveshell", "installsieve"])
def test_a_server_that_is_not_there(tool: str) -> None:
    with socket.socket() as unused:
        unused.bind((LOOPBACK, 0))
        port = unused.getsockname()[1]
        address = (f"{LOOPBACK}:{port}",) if tool == "sieveshell" else ("-p", str(port), LOOPBACK)
        done = run_client(tool, *address)
    assert (done.status, done.errors) == (69, f"angarium: cannot connect to {LOOPBACK}:{port}: Connection refused\n")


def test_a_password_must_come_from_somewhere(server: RunningServer) -> None:
    done = run_client("imtest", "-p", str(server.port("imap")), LOOPBACK)
    assert done.status == 64
    assert done.errors == "angarium: there is no terminal to ask for the password; use --password-file\n"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("-f", "/nosuch"), 74, "/nosuch: No such file or directory"),
        (("-t", "/nosuch"), 74, "/nosuch: No such file or directory"),
        (("-t", "/etc/passwd"), 74, "/etc/passwd: no certificate of use is in it"),
        (("-n", "0"), 64, "argument -n: '0' is no number of logins"),
        (("-p", "70000"), 69, f"cannot connect to {LOOPBACK}:70000: there is no such port"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_connected_to(words: tuple[str, ...], status: int, said: str) -> None:
    done = run_client("imtest", *words, LOOPBACK)
    assert (done.status, done.output) == (status, "")
    assert done.errors.splitlines()[-1] == f"angarium: {said}"


# sieveshell, installsieve


def sieveshell(server: RunningServer, user: User, *words: str | Path, stdin: str = "") -> Ended:
    address = f"{LOOPBACK}:{server.port('sieve')}"
    done = run_client("sieveshell", "-a", user.name, "-p", user.password, *words, address, stdin=stdin)
    greeting, _, output = done.output.partition("\n")
    assert greeting == f"connecting to {address}"
    return Ended(done.status, output, done.errors)


def test_sieveshell(server: RunningServer, user: User, tmp_path: Path) -> None:
    (tmp_path / "good").write_text(_GOOD)
    (tmp_path / "bad").write_text("foo bar;\n")
    no_foo = 'line 1, column 1: there is no command "foo"'
    lines = (
        (f"put {tmp_path}/good", ""),
        (f"put {tmp_path}/good 'sp ace'", ""),
        (f"put {tmp_path}/bad", f"upload failed: put script: {no_foo}"),
        (f"put {tmp_path}/none", "upload failed: No such file or directory"),
        (f"check {tmp_path}/good", ""),
        (f"check {tmp_path}/bad", f"check failed: {no_foo}"),
        ("activate good", ""),
        ("list", "good  <- active script\nsp ace"),
        ("delete good", "delete failed: Deleting script: Active script cannot be deleted"),
        ("deactivate", ""),
        ("rename good better", ""),
        ("rename good better", "rename failed: Script does not exist"),
        ("ls", "better\nsp ace"),
        ("get better", _GOOD.rstrip()),
        (f"get better {tmp_path}/got", ""),
        ("get nosuch", "get failed: Script does not exist"),
        ("delete nosuch", "delete failed: Deleting script: Script does not exist"),
        ("activate nosuch", "activate failed: Setting script active: Script does not exist"),
        ("delete better", ""),
        ("put", "put <filename> [<target name>]\n                 - upload script to server"),
        ("fetch x", "Invalid command: fetch"),
        ("", ""),
        ("quit", ""),
        ("list", ""),
    )
    done = sieveshell(server, user, stdin="".join([f"{line}\n" for line, _ in lines]))
    assert (done.status, done.errors) == (1, "")
    assert done.output == "".join([f"{said}\n" for _, said in lines if said])
    assert (tmp_path / "got").read_text() == _GOOD


def test_sieveshell_for_another_user(server: RunningServer, user: User, tmp_path: Path) -> None:
    """Commands come from the command line, or from a file."""
    (tmp_path / "good").write_text(_GOOD)
    commands = tmp_path / "commands"
    commands.write_text("list\n")
    done = sieveshell(server, server.admin, "-u", user.name, "-e", f"put {tmp_path}/good", "-e", "activate good")
    assert (done.status, done.output) == (0, "")
    done = sieveshell(server, user, "-f", commands)
    assert (done.status, done.output) == (0, "good  <- active script\n")
    refused = sieveshell(server, user, "-u", server.user.name, "-f", commands)
    assert (refused.status, refused.errors) == (77, "angarium: the login is refused: Authentication Error\n")


def test_sieveshell_at_a_terminal(server: RunningServer, user: User, tmp_path: Path) -> None:
    address = f"{LOOPBACK}:{server.port('sieve')}"
    words = ["setsid", "--ctty", "--wait", str(ANGARIUM), "sieveshell", "-a", user.name, address]
    with Terminal(words, home=tmp_path) as shell:
        shell.expect("Please enter your password: ")
        shell.type(f"{user.password}\n")
        shell.expect("> ")
        shell.type("help\n")
        shell.expect("activate <name>  - set a script as the active script")
        shell.expect("> ")
        shell.type("\x04")
        assert shell.wait_ended() == 0


def test_installsieve(server: RunningServer, user: User, tmp_path: Path) -> None:
    (tmp_path / "good").write_text(_GOOD)
    secret = tmp_path / "secret"
    secret.write_text(f"{user.password}\n")

    def installsieve(*words: str | Path) -> Ended:
        port = str(server.port("sieve"))
        return run_client("installsieve", "-u", user.name, "--password-file", secret, "-p", port, *words, LOOPBACK)

    done = installsieve("-m", "PLAIN", "-i", tmp_path / "good", "-a", "good", "-l", "-v", "good")
    assert (done.status, done.output, done.errors) == (0, f"{_GOOD}good  <- active script\n", "")
    done = installsieve("-d", "good", "-l")
    assert (done.status, done.output) == (1, "")
    assert done.errors == "angarium: delete failed: Active script cannot be deleted\n"
    secret.write_text("wrong\n")
    done = installsieve("-l")
    assert (done.status, done.errors) == (77, "angarium: the login is refused: Authentication Error\n")


# Links


def test_links_have_the_names_of_cyrus(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "deliver").write_text("of another\n")
    done = run_angarium("install-links", tmp_path)
    assert done.status == 73
    assert done.errors == f"angarium: {tmp_path}/deliver: there is such a file\n"
    assert (tmp_path / "deliver").read_text() == "of another\n"
    assert (tmp_path / "imtest").readlink() == ANGARIUM
    (tmp_path / "deliver").unlink()
    again = run_angarium("install-links", tmp_path)
    assert (again.status, again.output) == (0, f"{tmp_path}/deliver\n")
