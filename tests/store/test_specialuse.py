"""What mailboxes can be for."""

import pytest

from angarium.errors import SpecialUseInvalid, SpecialUseTaken
from angarium.names import MailboxName
from angarium.store.specialuse import SpecialUsePolicy


@pytest.mark.parametrize(
    ("attributes", "row"),
    [
        ([], ""),
        (["\\Drafts"], "\\Drafts"),
        (["\\drafts", "\\SENT"], "\\Drafts \\Sent"),
        (["Sent"], "\\Sent"),
        (["\\Sent", "\\sent"], "\\Sent"),
        (["\\important", "\\snoozed"], "\\Important \\Snoozed"),
        (["\\Templates"], "\\Templates"),
        (["\\Foo"], None),
        (["\\Sent", "\\Foo"], None),
        (["\\\\Sent"], None),
        # RFC 6154 §2: these would be views of other mailboxes
        (["\\All"], None),
        (["\\Flagged"], None),
        ([""], None),
    ],
)
def test_attributes_become_a_row(attributes: list[str], row: str | None) -> None:
    policy = SpecialUsePolicy(extra=("\\Templates",))
    if row is None:
        with pytest.raises(SpecialUseInvalid):
            policy.parse(attributes)
    else:
        assert policy.parse(attributes) == row


@pytest.mark.parametrize(
    ("name", "in_cyrus", "at_any_level"),
    [
        ("user.smith", False, False),
        ("user.smith.Sent", True, True),
        ("example.com!user.smith.Sent", True, True),
        ("user.smith.Work.Sent", False, True),
        ("board", False, False),
        ("board.Sent.Old", False, False),
    ],
)
def test_only_some_places_can_have_a_use(name: str, in_cyrus: bool, at_any_level: bool) -> None:
    for policy, allowed in ((SpecialUsePolicy(), in_cyrus), (SpecialUsePolicy(at_any_level=True), at_any_level)):
        if allowed:
            policy.check_place(MailboxName.from_internal(name))
        else:
            with pytest.raises(SpecialUseTaken):
                policy.check_place(MailboxName.from_internal(name))


def test_options_are_compared_in_any_case() -> None:
    policy = SpecialUsePolicy(childless=frozenset({"\\trash"}))
    assert policy.is_protected("\\Foo \\Sent")
    assert not policy.is_protected("\\Snoozed")
    assert not policy.is_protected("")
    assert policy.is_childless("\\Trash")
    assert not policy.is_childless("\\Sent")
