"""The first start of a store that needs no configuration: everything below one directory.

`imapd.conf` is written last. Where it is missing, a start was not finished, and all is done again with what is there
already: passwords that were made are kept, and so are users.
"""

import asyncio
import os
import pwd
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from angarium.auth import Passwords, add_user, canonical_userid
from angarium.cli.certificate import make_certificate
from angarium.cli.firstusers import FirstUser, new_first_users, read_first_users, write_first_users
from angarium.cli.openstore import open_store
from angarium.cli.ports import PortChoice, free_ports, with_port
from angarium.cli.privatefile import write_private
from angarium.cli.usermail import StoreUserMail
from angarium.config import Machine, Settings, ZeroPorts, parse_settings, zero_configuration
from angarium.errors import AngariumError, ConfigError, UserExists

_USERS_FOR_ROOT: Final = ("cyrus", "mail", "nobody")
_ERROR_OCTETS_MAX: Final = 4096
_PRIVATE: Final = 0o700
_PASSABLE: Final = 0o711
"""So that a mail server on this machine, which is another user, reaches the LMTP socket; nothing can be listed."""


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whom the server will run as, where root starts it."""

    name: str
    uid: int
    gid: int


def prepare_directory(directory: Path, ports: Sequence[PortChoice]) -> None:
    """Make what is missing; a store that is there already only gets the ports that were chosen now. ConfigError,
    OSError."""
    if (directory / "imapd.conf").exists():
        _keep_ports(directory / "cyrus.conf", ports)
        return
    chosen = {"imap": 0, "imaps": 0, "pop3": 0, "pop3s": 0, "lmtp": 0, "sieve": 0}
    for choice in ports:
        if choice.service not in chosen:
            raise ConfigError(f"--port {choice.service}: there is no such service; allowed: {', '.join(chosen)}")
        chosen[choice.service] = choice.port
    zero = zero_configuration(directory, ports=ZeroPorts(**free_ports(chosen)))
    _make_directory(directory, _PASSABLE)
    owner = _owner_for_root(directory)
    imapd_conf = zero.imapd_conf if owner is None else zero.imapd_conf + _for_root(owner)
    users = read_first_users(directory / "first-users") or new_first_users()
    write_first_users(directory / "first-users", users)
    machine = Machine.here()
    make_certificate(zero.certificate, zero.key, hostname=machine.hostname)
    settings = parse_settings(imapd_conf, file=directory / "imapd.conf", machine=machine).settings
    for name in ("state", "spool", "run"):
        _make_directory(directory / name, _PRIVATE)
    _make_directory(directory / "socket", _PASSABLE)
    write_private(directory / "cyrus.conf", zero.cyrus_conf.encode())
    if owner is not None:
        _give(directory, owner)
    in_child(lambda: asyncio.run(_add_users(settings, users)))
    write_private(directory / "imapd.conf", imapd_conf.encode())
    if owner is not None:
        os.chown(directory / "imapd.conf", owner.uid, owner.gid, follow_symlinks=False)


def _keep_ports(cyrus_conf: Path, ports: Sequence[PortChoice]) -> None:
    if not ports:
        return
    before = cyrus_conf.read_text("utf-8")
    text = before
    for service, port in free_ports({choice.service: choice.port for choice in ports}).items():
        text = with_port(text, service, port)
    if text != before:
        owner = cyrus_conf.stat()
        write_private(cyrus_conf, text.encode())
        if os.geteuid() == 0:
            os.chown(cyrus_conf, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _make_directory(directory: Path, mode: int) -> None:
    """With those above it. One that is there already keeps its mode; the umask does not count."""
    if not directory.exists():
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir()
        directory.chmod(mode)


async def _add_users(settings: Settings, users: Sequence[FirstUser]) -> None:
    passwords = Passwords(threads=1)
    try:
        async with open_store(settings, is_new=True) as opened:
            for user in users:
                try:
                    await add_user(
                        opened.engine,
                        canonical_userid(user.name, opened.store.policy.names),
                        user.password,
                        passwords=passwords,
                        sources=opened.sources,
                        mail=StoreUserMail(opened.store),
                    )
                except UserExists:
                    continue  # made by a start that was not finished, with the password that is kept
    finally:
        passwords.close()


# A server that root starts


def _owner_for_root(directory: Path) -> _Owner | None:
    """None where whoever starts the server runs it. Root never does: then it is the owner of the directory, or an
    account of the machine that is there for such things."""
    if os.geteuid() != 0:
        return None
    entry = _account_for_root(directory)
    owner = _Owner(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for parent in directory.parents:
        if not _may_enter(parent, owner):
            raise ConfigError(
                f"{directory}: user {owner.name!r}, as whom the server runs when root starts it, may not enter "
                f"{parent}; choose another --dir, or start it as another user than root"
            )
    return owner


def _account_for_root(directory: Path) -> pwd.struct_passwd:
    uid = directory.stat().st_uid
    names = _USERS_FOR_ROOT if uid == 0 else (str(uid),)
    for name in names:
        try:
            return pwd.getpwnam(name) if uid == 0 else pwd.getpwuid(uid)
        except KeyError:
            continue
    raise ConfigError(f"root runs no server, and this machine has no user {' or '.join(names)}")


def _may_enter(directory: Path, owner: _Owner) -> bool:
    status = directory.stat()
    if status.st_uid == owner.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid in os.getgrouplist(owner.name, owner.gid):
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def _for_root(owner: _Owner) -> str:
    return f"\n# Root started it for the first time; as whom the server runs from then on:\ncyrus_user: {owner.name}\n"


def _give(directory: Path, owner: _Owner) -> None:
    os.chown(directory, owner.uid, owner.gid)
    for parent, directories, files in os.walk(directory):
        for name in (*directories, *files):
            os.chown(os.path.join(parent, name), owner.uid, owner.gid, follow_symlinks=False)


# A child


def in_child(work: Callable[[], None]) -> None:
    """Do `work` in a forked process, since the master may neither open a database nor have a thread. ConfigError with
    the reason where it fails."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _work_and_exit(work, writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        reason = pipe.read(_ERROR_OCTETS_MAX)
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise ConfigError(reason.decode(errors="replace") or "the store cannot be made")


def _work_and_exit(work: Callable[[], None], writer: int) -> NoReturn:
    status = os.EX_SOFTWARE
    try:
        work()
        status = os.EX_OK
    except AngariumError as error:
        os.write(writer, str(error).encode()[:_ERROR_OCTETS_MAX])
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        os.write(writer, f"{where}{error.strerror or error}".encode()[:_ERROR_OCTETS_MAX])
    except BaseException as error:  # noqa: BLE001 - nothing of the parent's may run here, its handlers included
        os.write(writer, f"{type(error).__name__}: {error}".encode()[:_ERROR_OCTETS_MAX])
    finally:
        os._exit(status)
