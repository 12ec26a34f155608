"""Starting a command of the machine from the master, which alone forks (DESIGN §2)."""

import contextlib
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from typing import Final

from angarium.errors import ConfigError
from angarium.master.identity import Identity
from angarium.master.signals import HANDLED

EX_CANNOT_EXEC: Final = 127


def find_program(name: str) -> str:
    """The path of a command's first word. ConfigError where there is none."""
    found = shutil.which(name)
    if found is None:
        raise ConfigError(f"no program {name!r} is found")
    return os.path.abspath(found)


def spawn(
    argv: Sequence[str],
    identity: Identity,
    descriptors: Mapping[int, int],
    *,
    stdin_path: str = "",
    further: Sequence[tuple[str, str]] = (),
) -> int:
    """Run a command as `identity`, in a process group of its own, with `descriptors` (its number: ours) and no other.

    The file of `stdin_path` becomes its standard input; it is opened as `identity`, since a worker named it, which may
    be anybody's by then. `further` are variables of its environment. Gives the pid. What cannot be executed ends with
    `EX_CANNOT_EXEC`. ConfigError where no program is found.
    """
    program = find_program(argv[0])
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/",
        "LANG": "C.UTF-8",
        "USER": identity.user,
        "LOGNAME": identity.user,
        **dict(further),
    }
    pid = fork_without_signals()
    if pid:
        return pid
    try:
        os.setpgid(0, 0)
        place_descriptors(descriptors)
        identity.become()
        if stdin_path:
            _open_stdin(stdin_path)
        os.chdir("/")
        os.execve(program, list(argv), environment)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.write(2, f"{program}: {error.strerror}\n".encode())
    finally:
        # Nothing of the master's may run here, its exit handlers included.
        os._exit(EX_CANNOT_EXEC)


def fork_without_signals() -> int:
    """`os.fork`; the child has every signal's default, and none of its signals can reach the parent's wakeup
    descriptor, which it shares until it is told otherwise."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    try:
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for number in (*HANDLED, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
        return pid
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _open_stdin(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    if descriptor:
        os.dup2(descriptor, 0)
        os.close(descriptor)


def place_descriptors(descriptors: Mapping[int, int]) -> None:
    """In a child: give each descriptor (its number: ours) its number, by way of numbers that none of them wants, and
    close all others."""
    above = max([*descriptors, *descriptors.values(), 2]) + 1
    copies = {}
    for number, ours in descriptors.items():
        copies[number] = os.dup(ours)
        while copies[number] < above:
            copies[number] = os.dup(copies[number])
    for number, copy in copies.items():
        os.dup2(copy, number, inheritable=True)
    kept = sorted({0, 1, 2, *descriptors})
    for low, high in zip(kept, [*kept[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(low + 1, high)
