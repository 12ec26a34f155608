"""Dovecot 2.3 with sdbox, as its manual tunes it for many logins: processes serve more than one connection, and the
verdict on a password is cached."""

from pathlib import Path
from typing import Final

from bench.packages import DOVECOT_IMAP, version_of
from bench.script import SCRIPT
from bench.servers.certificate import write_certificate
from bench.servers.server import LOOPBACK, Server, Users, free_ports, give, listens, run, wait_until

_PASSWORD: Final = "correct-horse"
_USER: Final = "mail"


def start_dovecot(directory: Path, users: Users) -> Server:
    """Serve from this directory, as root starts it and user mail keeps the mail. Users need not be made."""
    imap, imaps, lmtp = free_ports(3)
    certificate, key = write_certificate(directory)
    home = directory / "mail" / users.filtered
    home.mkdir(parents=True)
    (home / ".dovecot.sieve").write_text(SCRIPT)
    give(directory / "mail", _USER)
    configuration, log = directory / "dovecot.conf", directory / "log"
    configuration.write_text(_configuration(directory, certificate, key, imap, imaps, lmtp))
    process = run(["/usr/sbin/dovecot", "-F", "-c", configuration], log=log)
    wait_until(lambda: listens(imap) and listens(lmtp), process, log)
    return Server(
        name="dovecot",
        version=version_of("dovecot-core"),
        process=process,
        directory=directory,
        imap=imap,
        imaps=imaps,
        lmtp=lmtp,
        passwords=dict.fromkeys(users.logins, _PASSWORD),
    )


def _configuration(directory: Path, certificate: Path, key: Path, imap: int, imaps: int, lmtp: int) -> str:
    programs = DOVECOT_IMAP / "usr/lib/dovecot"
    return f"""\
base_dir = {directory}/run
state_dir = {directory}/run
log_path = {directory}/log
protocols = imap lmtp
listen = {LOOPBACK}
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
mail_location = sdbox:{directory}/mail/%n
first_valid_uid = 1
auth_cache_size = 10M
auth_username_format = %Ln
mail_max_userip_connections = 2000
passdb {{
  driver = static
  args = password={_PASSWORD}
}}
userdb {{
  driver = static
  args = uid={_USER} gid={_USER} home={directory}/mail/%n allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  executable = {programs}/imap-login
  service_count = 0
  client_limit = 2000
  process_min_avail = 2
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service imap {{
  executable = {programs}/imap
  service_count = 1000
  process_limit = 2000
  process_min_avail = 2
}}
service imap-hibernate {{
  executable = {programs}/imap-hibernate
}}
service imap-urlauth {{
  executable = {programs}/imap-urlauth
}}
service imap-urlauth-login {{
  executable = {programs}/imap-urlauth-login
}}
service imap-urlauth-worker {{
  executable = {programs}/imap-urlauth-worker
}}
protocol lmtp {{
  mail_plugins = sieve
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service anvil {{
  client_limit = 5000
}}
service auth {{
  client_limit = 5000
}}
service config {{
  client_limit = 5000
}}
service stats {{
  client_limit = 5000
}}
"""
