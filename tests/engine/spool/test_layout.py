"""Where message files stand."""

import pytest

from angarium.engine.rows import AccountId, MailboxId, Uid
from angarium.engine.spool import Layout, message_name, queued_name, uid_of
from angarium.errors import PartitionNotFound

LAYOUT = Layout({"default": "/spool"})


def test_a_mailbox_directory_is_hashed_by_its_id() -> None:
    assert LAYOUT.directory("default", MailboxId("abcdef")) == "/spool/uuid/a/b/abcdef"


def test_mail_to_send_stands_by_its_account_and_number() -> None:
    account = AccountId("abcdef")
    assert f"{LAYOUT.queue('default', account)}/{queued_name(account, 7)}" == "/spool/queue/a/b/abcdef-7."
    assert uid_of(queued_name(account, 7)) is None


def test_an_unknown_partition_is_refused_by_name() -> None:
    with pytest.raises(PartitionNotFound, match="partition-fast"):
        LAYOUT.directory("fast", MailboxId("abcdef"))


@pytest.mark.parametrize(
    ("name", "uid"),
    [
        ("1.", 1),
        ("4294967295.", 4294967295),
        ("4294967296.", None),
        ("0.", None),
        ("01.", None),
        ("1", None),
        (".", None),
        ("².", None),
        ("mailbox.header", None),
    ],
)
def test_a_message_file_is_named_for_its_uid(name: str, uid: int | None) -> None:
    assert uid_of(name) == uid
    if uid is not None:
        assert message_name(Uid(uid)) == name
