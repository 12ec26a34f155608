"""Settings as what the store and the engine are opened with."""

from typing import cast

from angarium.config import DeleteMode, Settings
from angarium.engine.sqlite import SqliteOptions
from angarium.errors import AngariumError, ConfigError
from angarium.names import NameSettings, VirtDomains
from angarium.rights import Acl, DeleteRight, parse_rights
from angarium.store import StorePolicy
from angarium.store.annotationdefinitions import annotation_policy


def name_settings(settings: Settings) -> NameSettings:
    """The options that shape names. ConfigError."""
    namespace = settings.namespace
    return NameSettings(
        unixhierarchysep=namespace.unixhierarchysep,
        altnamespace=namespace.altnamespace,
        userprefix=namespace.userprefix,
        sharedprefix=namespace.sharedprefix,
        altprefix=namespace.altprefix,
        virtdomains=VirtDomains(namespace.virtdomains.value),
        defaultdomain=namespace.defaultdomain,
        username_tolower=settings.auth.username_tolower,
        deletedprefix=settings.mailboxes.deletedprefix,
    )


def store_policy(settings: Settings) -> StorePolicy:
    """The options that shape what the store allows. ConfigError."""
    if settings.acl.deleteright not in ("a", "c", "d"):
        raise ConfigError(f"deleteright: '{settings.acl.deleteright}' cannot be used; allowed: a, c, d")
    deleteright = cast(DeleteRight, settings.acl.deleteright)
    pairs = " ".join([f"{identifier} {rights}" for identifier, rights in settings.acl.defaultacl])
    try:
        defaultacl = Acl.parse_setting(pairs, deleteright=deleteright)
        owner_rights = parse_rights(settings.acl.implicit_owner_rights, deleteright=deleteright)
    except AngariumError as error:
        raise ConfigError(f"defaultacl, implicit_owner_rights: {error}") from error
    return StorePolicy(
        names=name_settings(settings),
        defaultacl=defaultacl,
        implicit_owner_rights=owner_rights,
        deleteright=deleteright,
        anyoneuseracl=settings.acl.anyoneuseracl,
        allowsetacl=settings.acl.allowsetacl,
        partitions=frozenset(settings.directories.partitions),
        defaultpartition=settings.directories.defaultpartition,
        delayed_delete=settings.mailboxes.delete_mode is DeleteMode.DELAYED,
        view_octets=settings.engine.view_cache_size,
        annotations=annotation_policy(settings.annotations),
    )


def sqlite_options(settings: Settings) -> SqliteOptions:
    """Paths and bounds of the engine."""
    engine = settings.engine
    return SqliteOptions(
        directory=str(settings.directories.configdirectory),
        partitions={name: str(path) for name, path in settings.directories.partitions.items()},
        single_instance=settings.mailboxes.singleinstancestore,
        open_accounts=engine.open_accounts,
        writer_threads=engine.writer_threads,
        account_queue_commands=engine.write_queue_per_account,
        account_queue_octets=engine.write_queue_size_per_account,
        queue_commands=engine.write_queue_per_worker,
        queue_octets=engine.write_queue_size_per_worker,
        snapshots=engine.checkpoints_kept,
    )
