"""Cyrus 3.6 as Debian has it. SASL takes every password, which costs least of what it can do."""

from pathlib import Path
from typing import Final

from bench.client import ImapClient, ManageSieveClient
from bench.packages import version_of
from bench.script import SCRIPT
from bench.servers.certificate import write_certificate
from bench.servers.server import LOOPBACK, Server, Users, free_ports, give, listens, run, wait_until

_PASSWORD: Final = "correct-horse"
_ADMIN: Final = "admin"
_USER: Final = "cyrus"


def start_cyrus(directory: Path, users: Users) -> Server:
    """Serve from this directory, as root starts it and user cyrus runs it."""
    imap, imaps, lmtp, managesieve = free_ports(4)
    for each in ("conf", "conf/socket", "conf/proc", "conf/log", "spool"):
        (directory / each).mkdir()
    certificate, key = write_certificate(directory)
    imapd_conf, cyrus_conf, log = directory / "imapd.conf", directory / "cyrus.conf", directory / "log"
    imapd_conf.write_text(_imapd_conf(directory, certificate, key))
    cyrus_conf.write_text(_cyrus_conf(imapd_conf, imap, imaps, lmtp, managesieve))
    give(directory, _USER)
    process = run(
        ["/usr/sbin/cyrmaster", "-C", imapd_conf, "-M", cyrus_conf, "-p", directory / "pid", "-D"],
        log=log,
    )
    wait_until(lambda: listens(imap) and listens(lmtp), process, log)
    server = Server(
        name="cyrus",
        version=version_of("cyrus-imapd"),
        process=process,
        directory=directory,
        imap=imap,
        imaps=imaps,
        lmtp=lmtp,
        passwords=dict.fromkeys((*users.logins, _ADMIN), _PASSWORD),
    )
    with ImapClient(imap, user=_ADMIN, password=_PASSWORD) as client:
        for name in (*users.logins, *users.recipients):
            client.command(f"CREATE user/{name}")
    with ManageSieveClient(managesieve, user=users.filtered, password=_PASSWORD) as author:
        author.activate(SCRIPT)
    return server


def _imapd_conf(directory: Path, certificate: Path, key: Path) -> str:
    return f"""\
configdirectory: {directory}/conf
partition-default: {directory}/spool
sievedir: {directory}/sieve
admins: {_ADMIN}
allowplaintext: yes
sasl_pwcheck_method: alwaystrue
sasl_mech_list: PLAIN
servername: localhost
unixhierarchysep: yes
altnamespace: yes
hashimapspool: yes
idlesocket: {directory}/conf/socket/idle
lmtpsocket: {directory}/conf/socket/lmtp
tls_server_cert: {certificate}
tls_server_key: {key}
"""


def _cyrus_conf(imapd_conf: Path, imap: int, imaps: int, lmtp: int, managesieve: int) -> str:
    return f"""\
START {{
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C {imapd_conf} -r"
}}
SERVICES {{
  imap cmd="/usr/lib/cyrus/bin/imapd -C {imapd_conf}" listen="{LOOPBACK}:{imap}" prefork=1 maxchild=1000
  imaps cmd="/usr/lib/cyrus/bin/imapd -C {imapd_conf} -s" listen="{LOOPBACK}:{imaps}" prefork=0 maxchild=1000
  lmtp cmd="/usr/lib/cyrus/bin/lmtpd -C {imapd_conf} -a" listen="{LOOPBACK}:{lmtp}" prefork=1 maxchild=20
  sieve cmd="/usr/lib/cyrus/bin/timsieved -C {imapd_conf}" listen="{LOOPBACK}:{managesieve}" prefork=0 maxchild=1
}}
DAEMON {{
  idled cmd="/usr/lib/cyrus/bin/idled -C {imapd_conf}"
}}
"""
