"""The commands of ManageSieve (RFC 5804 §2) as values."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Begins an exchange of a SASL mechanism."""

    mechanism: str
    response: bytes | None = field(default=None, repr=False)
    """The initial response, still in base64; None where there is none."""


@dataclass(frozen=True, slots=True)
class StartTls:
    """Wants the connection encrypted."""


@dataclass(frozen=True, slots=True)
class Logout:
    """Ends the session."""


@dataclass(frozen=True, slots=True)
class Capability:
    """Asks what the server can do."""


@dataclass(frozen=True, slots=True)
class Noop:
    """Wants an answer, with its tag where it has one."""

    tag: bytes | None = None


@dataclass(frozen=True, slots=True)
class HaveSpace:
    """Asks whether a script of this size could be stored."""

    name: str
    size_octets: int


@dataclass(frozen=True, slots=True)
class PutScript:
    """Stores a script."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckScript:
    """Asks whether a script could be run."""

    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListScripts:
    """Asks for the names of all scripts."""


@dataclass(frozen=True, slots=True)
class SetActive:
    """Makes a script the one that filters mail; with an empty name none does."""

    name: str


@dataclass(frozen=True, slots=True)
class GetScript:
    """Asks for a script."""

    name: str


@dataclass(frozen=True, slots=True)
class DeleteScript:
    """Removes a script."""

    name: str


@dataclass(frozen=True, slots=True)
class RenameScript:
    """Gives a script another name."""

    name: str
    new_name: str


@dataclass(frozen=True, slots=True)
class Unauthenticate:
    """Goes back to before the login (§2.14.1)."""


ScriptCommand = HaveSpace | PutScript | CheckScript | ListScripts | SetActive | GetScript | DeleteScript | RenameScript
"""What is about scripts."""

Command = Authenticate | StartTls | Logout | Capability | Noop | Unauthenticate | ScriptCommand
