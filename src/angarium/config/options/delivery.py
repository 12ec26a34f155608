"""Delivery, by whatever way a message comes."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta

from angarium.config.kinds import Duration, Switch
from angarium.config.option import option
from angarium.config.quantities import DurationUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """What is done with mail for a mailbox."""

    duplicatesuppression: bool = option(
        Switch(),
        "yes",
        meaning="A message that has come into a mailbox for a recipient does not come again: its Resent-Message-ID, or "
        "else its Message-ID, tells. The annotation `/vendor/cmu/cyrus-imapd/duplicatedeliver` of a mailbox, or of the "
        "INBOX above it, switches it off there.",
    )
    duplicate_retention: timedelta = option(
        Duration(DurationUnit.DAYS, minimum=timedelta(hours=1)),
        "30d",
        added=True,
        meaning="How long it is remembered what came into a mailbox, where `cyr_expire -E` does not forget it sooner.",
    )
