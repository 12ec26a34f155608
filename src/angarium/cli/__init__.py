"""The program `angarium`: a server and its tools."""

from angarium.cli.commandline import main

__all__ = ["main"]
