"""What `cyr_expire` asks for, by cyrus.conf or at a terminal, as a plan."""

from datetime import timedelta

from angarium.auth import canonical_userid
from angarium.config import ExpireCommand, ExpungeMode
from angarium.names import MailboxName, Namespace
from angarium.operations.care import ExpirePlan

AT_ONCE = timedelta(0)
"""As soon as no session can be waiting for what it was told of; expiry itself keeps to that."""


def expire_plan(
    command: ExpireCommand, *, namespace: Namespace, change_log_retention: timedelta, expunge_mode: ExpungeMode
) -> ExpirePlan:
    """What a `cyr_expire` means, with names as an administrator writes them. MailboxNameInvalid, UserNameInvalid."""
    top: MailboxName | None = None
    if command.user is not None:
        top = MailboxName.of_user(canonical_userid(command.user, namespace.settings))
    elif command.prefix is not None:
        top = namespace.to_internal(command.prefix)
    return ExpirePlan(
        expunged_older_than=command.expunged if expunge_mode is ExpungeMode.DELAYED else AT_ONCE,
        deleted_older_than=command.deleted,
        changes_older_than=change_log_retention,
        duplicates_older_than=command.duplicates,
        top=top,
    )
