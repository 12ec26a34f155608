"""Named searches (RFC 5466): annotations of the server, of which one's own go before those that all share."""

from collections.abc import Mapping
from typing import Final

from angarium.store import Actor, Store

from .entries import split_name

_VALUES: Final = "/filters/values/"


async def filter_values(store: Store, actor: Actor) -> Mapping[str, bytes]:
    """The values of all filters that the actor may use, by their names in lower case (RFC 5466 §3.1)."""
    stored = dict(await store.engine.server_annotations())
    if actor.account is not None:
        stored |= {row.entry: row.value for row in await store.engine.annotations(actor.account, None)}
    return {entry.removeprefix(_VALUES): value for entry, value in stored.items() if entry.startswith(_VALUES)}


def is_filter_value(name: str) -> bool:
    """Whether an annotation of the server, by its name in METADATA, is the value of a filter."""
    return split_name(name)[0].startswith(_VALUES)
