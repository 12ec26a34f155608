"""A server that a client of ours comes to nothing with."""


class ServerUnavailable(Exception):
    """The server cannot be reached, does not want us, or stopped speaking its protocol; `str()` says what happened."""
