from datetime import timedelta

import pytest

from angarium.cli.expireplan import AT_ONCE, expire_plan
from angarium.config import ExpireCommand, ExpungeMode
from angarium.errors import MailboxNameInvalid, UserNameInvalid
from angarium.names import MailboxName, NameSettings, Namespace
from angarium.operations.care import ExpirePlan

KEPT = timedelta(days=90)
INBOX, WORK = MailboxName.from_internal("user.alice"), MailboxName.from_internal("user.alice.Work")
NAMESPACE = Namespace(NameSettings(), None, is_admin=True)


def plan_of(command: ExpireCommand, mode: ExpungeMode = ExpungeMode.DELAYED) -> ExpirePlan:
    return expire_plan(command, namespace=NAMESPACE, change_log_retention=KEPT, expunge_mode=mode)


@pytest.mark.parametrize(
    ("command", "plan"),
    [
        (ExpireCommand(), ExpirePlan(changes_older_than=KEPT)),
        (
            ExpireCommand(duplicates=timedelta(days=3)),
            ExpirePlan(changes_older_than=KEPT, duplicates_older_than=timedelta(days=3)),
        ),
        (
            ExpireCommand(expunged=timedelta(days=7), deleted=timedelta(days=28)),
            ExpirePlan(timedelta(days=7), timedelta(days=28), KEPT),
        ),
        (
            ExpireCommand(prefix="user/alice/Work"),
            ExpirePlan(changes_older_than=KEPT, top=MailboxName.from_internal("user.alice.Work")),
        ),
        (ExpireCommand(user="Alice"), ExpirePlan(changes_older_than=KEPT, top=MailboxName.from_internal("user.alice"))),
    ],
)
def test_what_a_command_asks_for(command: ExpireCommand, plan: ExpirePlan) -> None:
    assert plan_of(command) == plan


@pytest.mark.parametrize(
    ("command", "refusal"),
    [(ExpireCommand(prefix="a%b"), MailboxNameInvalid), (ExpireCommand(user="anyone"), UserNameInvalid)],
)
def test_names_that_cannot_be(command: ExpireCommand, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        plan_of(command)


@pytest.mark.parametrize("mode", [ExpungeMode.IMMEDIATE, ExpungeMode.SEMIDELAYED])
def test_what_is_not_kept_goes_with_every_expiry(mode: ExpungeMode) -> None:
    assert plan_of(ExpireCommand(), mode) == ExpirePlan(AT_ONCE, None, KEPT)
