"""A store as a tool opens it, beside a running server or without one."""

import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from angarium.cli.location import Location
from angarium.cli.openengine import located, open_engine
from angarium.config import Settings, load_settings
from angarium.engine.sources import Sources, SystemSources
from angarium.engine.sqlite import SqliteEngine
from angarium.errors import ConfigError, DiskFailed, DiskFull
from angarium.store import Store, StorePolicy
from angarium.worker import ToolAnnouncer, run_directory, tool_announcer

_SQLITE_MAGIC: Final = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """What a tool works with."""

    settings: Settings
    engine: SqliteEngine
    store: Store
    sources: Sources
    server: ToolAnnouncer
    """The running server, if one runs; it hears of every change already."""


def read_settings(location: Location) -> Settings:
    """The settings of a store that exists. ConfigError."""
    if location.directory is not None and not location.imapd_conf.exists():
        raise ConfigError(
            f"there is no store in {location.directory}; `angarium serve --dir {location.directory}` makes one"
        )
    return load_settings(location.imapd_conf).settings


@asynccontextmanager
async def open_store(settings: Settings, *, is_new: bool = False) -> AsyncIterator[OpenedStore]:
    """Open a store, as the user whose it is. ConfigError, DiskFull, DiskFailed, StoreReadOnly, StoreDamaged.

    Only `is_new` makes one: an imapd.conf may be that of a Cyrus server, in whose directory nothing is to be put by a
    tool that was only asked something.
    """
    become_owner(settings.directories.configdirectory)
    if not is_new:
        require_store(settings.directories.configdirectory)
    os.umask(settings.server.umask)
    sources = SystemSources()
    policy = StorePolicy.from_settings(settings)
    engine = await open_engine(settings, sources)
    try:
        with tool_announcer(run_directory(settings)) as server:
            end = engine.subscribe(server.changed)
            try:
                yield OpenedStore(settings, engine, Store(engine, policy, sources), sources, server)
            finally:
                end()
    except (apsw.Error, DiskFull, DiskFailed) as error:
        raise located(error, settings) from error
    finally:
        await engine.close()


def require_store(directory: Path) -> None:
    """ConfigError where a configdirectory holds no store of ours."""
    try:
        with open(directory / "users.db", "rb") as file:
            is_store = file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC
    except FileNotFoundError:
        is_store = False
    if not is_store:
        raise ConfigError(f"{directory} holds no store of Angarium; `angarium serve` makes one")


def become_owner(directory: Path) -> None:
    """Where root calls a tool, go on as the owner of the store, for good: a file made by root would be closed to the
    server."""
    if os.geteuid() != 0:
        return
    try:
        owner = directory.stat()
    except FileNotFoundError:
        raise ConfigError(f"{directory} does not exist; start the server once, which makes it") from None
    if owner.st_uid == 0:
        return
    try:
        os.setgroups(os.getgrouplist(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid))
    except KeyError:
        os.setgroups([owner.st_gid])
    os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
    os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)
