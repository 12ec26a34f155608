"""The checkpoint event of cyrus.conf: fold logs into their files, and keep snapshots of what cannot be rebuilt."""

from angarium.errors import PermissionDenied
from angarium.store import Actor, Store


async def checkpoint(store: Store, actor: Actor) -> None:
    """Administrators only; durable on return."""
    if not actor.is_admin:
        raise PermissionDenied("only administrators may checkpoint")
    await store.engine.checkpoint()
