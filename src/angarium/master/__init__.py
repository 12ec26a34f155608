"""The master process: listeners, workers, events, signals."""

from angarium.master.configuration import Configuration, LoadConfiguration, Server, WhenServing
from angarium.master.listeners import Listener
from angarium.master.master import exit_status, serve

__all__ = ["Configuration", "Listener", "LoadConfiguration", "Server", "WhenServing", "exit_status", "serve"]
