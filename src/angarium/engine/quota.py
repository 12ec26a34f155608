"""What quota roots take and refuse: the one rule of all engines, and of who looks ahead."""

from collections.abc import Iterable, Mapping

from angarium.engine.commands import QuotaPolicy
from angarium.engine.rows import QuotaResource, QuotaRow
from angarium.errors import QuotaExceeded


def check_room(quota: QuotaRow, added: Mapping[QuotaResource, int], policy: QuotaPolicy) -> None:
    """QuotaExceeded where the root has no room for what is to be added, in octets where it is storage."""
    if policy is QuotaPolicy.IGNORE:
        return
    for resource, amount in added.items():
        limit = quota.limits.get(resource)
        if limit is None or amount <= 0:
            continue
        may_overshoot = policy is QuotaPolicy.OVERSHOOT and resource is QuotaResource.STORAGE
        wanted = quota.used[resource] + (1 if may_overshoot else amount)
        if wanted > limit * resource.unit:
            raise QuotaExceeded(f"{resource.value} of {quota.root!r}: {quota.used[resource]} used, {amount} more asked")


def check_growth(before: Iterable[QuotaRow], after: Iterable[QuotaRow]) -> None:
    """QuotaExceeded where names changed so that a root governs more than before, and more than it takes."""
    used = {quota.root: quota.used for quota in before}
    for quota in after:
        for resource, limit in quota.limits.items():
            amount = quota.used[resource]
            if amount > limit * resource.unit and amount > used.get(quota.root, {}).get(resource, 0):
                raise QuotaExceeded(f"{resource.value} of {quota.root!r}: {amount} would be used of {limit}")
