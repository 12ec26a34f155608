"""What a client is told of headers that hold UTF-8 when it has not said that it knows such (RFC 9755 §9, RFC 6858), and
of parameters with a charset when it has (RFC 9051 §7.5.2).

Only what the server says about a message is made ASCII: ENVELOPE, BODY and BODYSTRUCTURE. Its octets, whole or in
sections, are sent as they are stored, so that they agree with RFC822.SIZE and with signatures, and a client that
downloads mail and deletes it takes the real one.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from angarium.engine.rows import Uid
from angarium.fetchitem import FetchAttribute
from angarium.mime import decode_parameters, downgrade_bodies, downgrade_envelopes
from angarium.operations.messages.columns import BytesColumn, Column, FetchBatch
from angarium.operations.messages.fetchbatch import FetchedItem
from angarium.operations.messages.slices import in_turns

_Rewrite = Callable[[Sequence[bytes]], Generator[None, None, list[bytes] | None]]

_DOWNGRADES: Mapping[FetchAttribute, _Rewrite] = {
    FetchAttribute.ENVELOPE: downgrade_envelopes,
    FetchAttribute.BODY: downgrade_bodies,
    FetchAttribute.BODYSTRUCTURE: downgrade_bodies,
}
_DECODES: Mapping[FetchAttribute, _Rewrite] = {
    FetchAttribute.BODY: decode_parameters,
    FetchAttribute.BODYSTRUCTURE: decode_parameters,
}


def may_downgrade(items: Sequence[FetchedItem]) -> bool:
    """Whether any of these is made ASCII."""
    return any(item in _DOWNGRADES for item in items)


def may_decode(items: Sequence[FetchedItem]) -> bool:
    """Whether any of these has parameters."""
    return any(item in _DECODES for item in items)


async def downgraded(batch: FetchBatch, items: Sequence[FetchedItem]) -> FetchBatch:
    """The batch in ASCII, with the messages of which something had to be told otherwise."""
    columns = await _rewritten(batch, items, _DOWNGRADES)
    changed = np.zeros(len(batch.uids), dtype=np.bool_)
    for new, old in zip(columns, batch.columns, strict=True):
        if isinstance(new, BytesColumn) and isinstance(old, BytesColumn) and new is not old:
            changed |= np.array([value is not before for value, before in zip(new.values, old.values, strict=True)])
    if not changed.any():
        return batch
    uids = [Uid(uid) for uid in batch.uids[changed].tolist()]
    return replace(batch, columns=columns, downgraded=tuple(uids))


async def with_decoded_parameters(batch: FetchBatch, items: Sequence[FetchedItem]) -> FetchBatch:
    """The batch with the values of parameters in UTF-8."""
    return replace(batch, columns=await _rewritten(batch, items, _DECODES))


async def _rewritten(
    batch: FetchBatch, items: Sequence[FetchedItem], rewrites: Mapping[FetchAttribute, _Rewrite]
) -> tuple[Column, ...]:
    """The columns, those that stay as they are the same objects."""
    columns: list[Column] = []
    for item, column in zip(items, batch.columns, strict=True):
        rewrite = rewrites.get(item) if isinstance(item, FetchAttribute) else None
        if rewrite is not None and isinstance(column, BytesColumn):
            values = await in_turns(rewrite(column.values))
            column = column if values is None else BytesColumn(values)
        columns.append(column)
    return tuple(columns)
