"""Quotas."""

from dataclasses import dataclass

from angarium.config.kinds import Number, Size
from angarium.config.option import option
from angarium.config.quantities import SizeUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaSettings:
    """When a user is warned, at the selection of a mailbox where she may delete, that little of its quota is left."""

    quotawarnpercent: int = option(
        Number(), "90", meaning="Warn where more percent of a limit than this are used. Above it, always."
    )
    quotawarnsize: int = option(
        Size(SizeUnit.KIB),
        "0",
        meaning="Warn of STORAGE only where less than this is left; 0, or not less than the limit: whatever is left.",
    )
    quotawarnmsg: int = option(
        Number(),
        "0",
        meaning="Warn of MESSAGE only where fewer than this are left; 0, or not less than the limit: however many.",
    )
