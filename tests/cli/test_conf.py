import os
import shutil
import sys
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine, write_configuration

from angarium.cli.certificate import make_certificate


@pytest.fixture
def directory(reachable: Path) -> Path:
    """A configuration with a certificate that the server's user can read."""
    directory = reachable / "store"
    write_configuration(directory)
    (directory / "tls").mkdir(mode=0o755)
    make_certificate(directory / "tls" / "cert.pem", directory / "tls" / "key.pem", hostname="mail.test")
    if os.geteuid() == 0:
        for path in directory.glob("tls/*"):
            shutil.chown(path, "nobody")
    return directory


def append(path: Path, text: str) -> int:
    """Gives the number of the first line that is new."""
    before = path.read_text()
    path.write_text(before + text)
    return before.count("\n") + 1


def test_a_good_configuration_is_said_to_be_good(angarium: CommandLine, directory: Path) -> None:
    answer = angarium("conf", "check", "--dir", directory)
    assert (answer.status, answer.err) == (os.EX_OK, "")
    assert answer.out == f"{directory}/imapd.conf, {directory}/cyrus.conf: the server can start with them\n"


def test_what_there_is_to_say_stands_with_its_line(angarium: CommandLine, directory: Path) -> None:
    number = append(directory / "imapd.conf", "allowplaintxt: yes\n")
    answer = angarium("conf", "check", "-C", directory / "imapd.conf")
    assert answer.status == os.EX_OK
    assert answer.out.startswith(f"{directory}/imapd.conf:{number}: warning: allowplaintxt: ")


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ("maxmessagesize: much\n", "maxmessagesize"),
        ("deleteright: x\n", "deleteright"),
        ("userprefix: .\n", "userprefix"),
        ("sasl_pwcheck_method: angarium ldap\n", "ldap_uri: it is not set"),
        ("sasl_pwcheck_method: sql\nsasl_sql_database: mail\n", "sasl_sql_select: it is not set"),
        ("sasl_auxprop_plugin: sql\nsasl_sql_engine: sqlite\nsasl_sql_database: x\n", "not an absolute path"),
        ("sql_groups_select: SELECT '%u\nsasl_sql_database: mail\n", "a quote is never closed"),
        ("auth_mech: pts\npts_module: ldap\nldap_uri: ldap://localhost\n", "ldap_member_attribute"),
        ("oauth_issuer: https://a.test\noauth_audience: a\noauth_jwks: /nowhere\n", "oauth_jwks"),
        ("imap_sasl_pwcheck_method: ldap\nldap_uri: localhost\n", "ldap_uri"),
    ],
)
def test_what_would_stop_the_server_stops_the_check(
    angarium: CommandLine, directory: Path, extra: str, text: str
) -> None:
    append(directory / "imapd.conf", extra)
    answer = angarium("conf", "check", "--dir", directory)
    assert answer.status == os.EX_CONFIG
    (line,) = answer.err.splitlines()
    assert line.startswith(f"angarium: {directory}/imapd.conf:")
    assert text in line


def test_an_administrator_who_cannot_be_stops_the_check(angarium: CommandLine, directory: Path) -> None:
    conf = directory / "imapd.conf"
    conf.write_text(conf.read_text().replace("admins: admin", "admins: anyone"))
    assert angarium("conf", "check", "--dir", directory).status == os.EX_CONFIG


@pytest.mark.parametrize(
    ("option", "rule"),
    [
        ("access_rules", "deny nonsense"),
        ("access_rules", "deny all @example.org all"),
        ("hosts_deny", "imap: a.example"),
    ],
)
def test_an_access_rule_that_cannot_be_stops_the_check(
    angarium: CommandLine, directory: Path, option: str, rule: str
) -> None:
    rules = directory / "rules"
    rules.write_text(f"# comment\n{rule}\n")
    append(directory / "imapd.conf", f"{option}: {rules}\n")
    answer = angarium("conf", "check", "--dir", directory)
    assert answer.status == os.EX_CONFIG
    (line,) = answer.err.splitlines()
    assert line.startswith(f"angarium: {rules}: line 2: ")


def test_an_access_rule_for_a_service_that_is_not_there_is_told(angarium: CommandLine, directory: Path) -> None:
    """A deny that never fits lets in. Files of TCP wrappers have the programs of the whole machine in them."""
    rules = directory / "rules"
    rules.write_text("allow IMAP all local\n\ndeny imapp,pop3,imapps boss all\ndeny all all 192.0.2.7\n")
    (directory / "hosts.deny").write_text("sshd: ALL\n")
    for option in ("access_rules", "imap_access_rules"):
        append(directory / "imapd.conf", f"{option}: {rules}\n")
    append(directory / "imapd.conf", f"hosts_deny: {directory}/hosts.deny\n")
    answer = angarium("conf", "check", "--dir", directory)
    assert answer.status == os.EX_OK
    told = [line for line in answer.out.splitlines() if str(rules) in line]
    assert [line.partition(": no service")[0] for line in told] == [
        f"{rules}:3: warning: imapp",
        f"{rules}:3: warning: imapps",
    ]


def test_a_library_that_is_missing_stops_the_check(
    angarium: CommandLine, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    append(directory / "imapd.conf", "sasl_pwcheck_method: sql\nsasl_sql_engine: pgsql\nsasl_sql_select: SELECT 1\n")
    answer = angarium("conf", "check", "--dir", directory)
    assert answer.status == os.EX_CONFIG
    assert answer.err.count("extra postgresql") == 1


@pytest.mark.parametrize("command", [["conf", "check"], ["serve"]], ids=" ".join)
def test_faults_of_both_files_are_told_at_once(angarium: CommandLine, directory: Path, command: list[str]) -> None:
    first = append(directory / "imapd.conf", "workers: many\numask: 9\n")
    second = append(directory / "cyrus.conf", "START {\n  recover\n}\n") + 1
    answer = angarium(*command, "-C", directory / "imapd.conf")
    assert answer.status == os.EX_CONFIG
    assert [line.split(": ")[1] for line in answer.err.splitlines()] == [
        f"{directory}/cyrus.conf:{second}",
        f"{directory}/imapd.conf:{first}",
        f"{directory}/imapd.conf:{first + 1}",
    ]


def test_files_that_are_not_there_are_each_told_of_once(angarium: CommandLine, tmp_path: Path) -> None:
    answer = angarium("conf", "check", "-C", tmp_path / "imapd.conf", "-M", tmp_path / "other.conf")
    assert answer.status == os.EX_CONFIG
    assert answer.err.splitlines() == [
        f"angarium: {tmp_path}/other.conf: cannot be read: No such file or directory",
        f"angarium: {tmp_path}/imapd.conf: cannot be read: No such file or directory",
    ]


@pytest.mark.parametrize("command", [["conf", "check"], ["serve"]], ids=" ".join)
def test_a_certificate_that_is_not_set_is_told_with_the_service(
    angarium: CommandLine, directory: Path, command: list[str]
) -> None:
    conf = directory / "imapd.conf"
    conf.write_text("".join([line for line in conf.read_text().splitlines(True) if not line.startswith("tls_")]))
    number = (directory / "cyrus.conf").read_text().partition("imaps cmd")[0].count("\n") + 1
    answer = angarium(*command, "-C", conf)
    assert answer.status == os.EX_CONFIG
    assert answer.err == (
        f"angarium: {directory}/cyrus.conf:{number}: imaps: TLS needs tls_server_cert, which is not set\n"
    )


def test_a_key_of_another_certificate_is_told(angarium: CommandLine, directory: Path) -> None:
    tls = directory / "tls"
    make_certificate(tls / "other.pem", tls / "key.pem", hostname="mail.test")
    if os.geteuid() == 0:
        shutil.chown(tls / "key.pem", "nobody")
    answer = angarium("conf", "check", "--dir", directory)
    assert answer.status == os.EX_CONFIG
    (line,) = answer.err.splitlines()
    assert f": imaps: tls_server_cert {tls}/cert.pem" in line
    assert f"{tls}/key.pem cannot be used: " in line
    assert line.endswith("cannot be used: the key is not that of the first certificate")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can read what the server's user cannot")
def test_a_key_that_only_root_can_read_is_told(angarium: CommandLine, directory: Path) -> None:
    shutil.chown(directory / "tls" / "key.pem", "root")
    answer = angarium("conf", "check", "--dir", directory)
    assert answer.status == os.EX_CONFIG
    assert "Permission denied" in answer.err


def test_a_server_without_services_does_not_start(angarium: CommandLine, directory: Path) -> None:
    (directory / "cyrus.conf").write_text('SERVICES {\n http cmd="httpd" listen="http"\n}\n')
    answer = angarium("serve", "-C", directory / "imapd.conf")
    why = "SERVICES has no service that this server has; allowed: imapd, pop3d, lmtpd, timsieved"
    assert (answer.status, answer.err) == (os.EX_CONFIG, f"angarium: {directory}/cyrus.conf: {why}\n")
