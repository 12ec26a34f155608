"""Delivery: from a message and its recipients to mailboxes, by way of their scripts."""

from angarium.operations.delivery.context import Delivered, DeliveryContext, Filed, GroupsOf, Letter, Outcome, no_groups
from angarium.operations.delivery.deliver import deliver
from angarium.operations.delivery.filing import Filing
from angarium.operations.delivery.losttargets import LostTarget, lost_targets
from angarium.operations.delivery.notificationrequests import requests_of_mail, requests_of_rcpt
from angarium.operations.delivery.recipients import find_recipient, new_user
from angarium.operations.delivery.returning import keep_returned
from angarium.operations.delivery.snoozing import awaken_due

__all__ = [
    "Delivered",
    "DeliveryContext",
    "Filed",
    "Filing",
    "GroupsOf",
    "Letter",
    "LostTarget",
    "Outcome",
    "awaken_due",
    "deliver",
    "find_recipient",
    "keep_returned",
    "lost_targets",
    "new_user",
    "no_groups",
    "requests_of_mail",
    "requests_of_rcpt",
]
