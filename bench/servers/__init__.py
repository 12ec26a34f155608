"""The servers that are measured, each in a directory of its own, on free ports of loopback."""

from bench.servers.angarium import LOG, start_angarium, start_angarium_on
from bench.servers.cyrus import start_cyrus
from bench.servers.dovecot import start_dovecot
from bench.servers.server import Server, Users

__all__ = ["LOG", "Server", "Users", "start_angarium", "start_angarium_on", "start_cyrus", "start_dovecot"]
