"""The servers that are measured, each in a directory of its own, on free ports of loopback."""

from bench.servers.angarium import start_angarium
from bench.servers.cyrus import start_cyrus
from bench.servers.dovecot import start_dovecot
from bench.servers.server import Server, Users

__all__ = ["Server", "Users", "start_angarium", "start_cyrus", "start_dovecot"]
