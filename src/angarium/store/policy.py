"""The settings that shape what the store allows, as one value."""

from dataclasses import dataclass, field

from angarium.config import DeleteMode, Settings
from angarium.errors import AngariumError, ConfigError
from angarium.names import NameSettings, VirtDomains
from angarium.rights import Acl, DeleteRight, Rights, parse_rights
from angarium.store.annotationdefinitions import annotation_policy
from angarium.store.annotations import AnnotationPolicy
from angarium.store.specialuse import SpecialUsePolicy


def _default_acl() -> Acl:
    return Acl.parse_setting("anyone lrs", deleteright="c")


def _default_owner_rights() -> Rights:
    return parse_rights("lkxan", deleteright="c")


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePolicy:
    """Names, rights, partitions and deletion; the defaults are those of the options."""

    names: NameSettings = field(default_factory=NameSettings)
    defaultacl: Acl = field(default_factory=_default_acl)
    implicit_owner_rights: Rights = field(default_factory=_default_owner_rights)
    deleteright: DeleteRight = "c"
    anyoneuseracl: bool = True
    allowsetacl: bool = True
    partitions: frozenset[str] = frozenset({"default"})
    defaultpartition: str = "default"
    delayed_delete: bool = True
    special_use: SpecialUsePolicy = field(default_factory=SpecialUsePolicy)
    annotations: AnnotationPolicy = field(default_factory=AnnotationPolicy)
    view_octets: int = 256 << 20
    """What the views of a worker may take together, before the least recently used go."""

    @classmethod
    def from_settings(cls, settings: Settings) -> "StorePolicy":
        """What the options of the server say. ConfigError, also for names that could not be told apart."""
        namespace = settings.namespace
        names = NameSettings(
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
        deleteright = _deleteright(settings.acl.deleteright)
        words = " ".join([word for pair in settings.acl.defaultacl for word in pair])
        try:
            defaultacl = Acl.parse_setting(words, deleteright=deleteright)
            owner_rights = parse_rights(settings.acl.implicit_owner_rights, deleteright=deleteright)
        except AngariumError as error:
            raise ConfigError(f"defaultacl, implicit_owner_rights: {error}") from error
        return cls(
            names=names,
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
            special_use=SpecialUsePolicy(
                extra=settings.mailboxes.specialuse_extra,
                childless=frozenset([use.lower() for use in settings.mailboxes.specialuse_nochildren]),
                protected=frozenset([use.lower() for use in settings.mailboxes.specialuse_protect]),
                at_any_level=settings.mailboxes.allowspecialusesubfolder,
            ),
        )


def _deleteright(letter: str) -> DeleteRight:
    match letter:
        case "a" | "c" | "d":
            return letter
        case _:
            raise ConfigError(f"deleteright is {letter!r}; allowed: a, c, d")
