"""Quota."""

from dataclasses import dataclass

from angarium.config.kinds import Number, Size
from angarium.config.option import option
from angarium.config.quantities import SizeUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaSettings:
    """Warnings; the limits themselves are set on mailboxes."""

    quotawarnpercent: int = option(
        Number(0, 100),
        "90",
        meaning="The share of a quota in use from which on those who may expunge are warned when they open a mailbox.",
    )
    quotawarnsize: int = option(
        Size(SizeUnit.KIB),
        "0",
        meaning="Warn only while less room than this is left; 0: whatever is left.",
    )
