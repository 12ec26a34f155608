import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from angarium.errors import MailboxNameInvalid
from angarium.names import KEY_SEPARATOR, AccountPath, DeletedName, MailboxName, UserId

COMPONENTS = st.text(
    st.one_of(st.sampled_from("ab.@ IX&é"), st.characters(exclude_categories=("Cs", "Cc"))), min_size=1, max_size=6
)
DOMAINS = st.sampled_from([None, "example.com", "b.example"])


def name(text: str) -> MailboxName:
    return MailboxName.from_internal(text)


@st.composite
def names(draw: st.DrawFn) -> MailboxName:
    top = draw(st.sampled_from([("user",), ("DELETED", "user"), ()]))
    components = (*top, *draw(st.lists(COMPONENTS, min_size=1, max_size=4)))
    try:
        return MailboxName(components, draw(DOMAINS))
    except MailboxNameInvalid:
        assume(False)
        raise


@pytest.mark.parametrize(
    ("text", "components", "domain"),
    [
        ("user.smith.work", ("user", "smith", "work"), None),
        ("example.com!user.smith.work", ("user", "smith", "work"), "example.com"),
        ("user.a^b.c^^d", ("user", "a.b", "c..d"), None),
        ("user.alice.^", ("user", "alice", "."), None),
        ("board", ("board",), None),
        ("user.alice.日本語", ("user", "alice", "日本語"), None),
    ],
)
def test_internal_form(text: str, components: tuple[str, ...], domain: str | None) -> None:
    assert name(text) == MailboxName(components, domain)
    assert name(text).internal == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "user",
        "inbox",
        "INBOX.x",
        "a/b",
        "a%b",
        "!a",
        "A.B!c",
        "a!b!c",
        "x" * 491,
        "é" * 246,
    ],
)
def test_text_that_breaks_a_rule_is_refused(text: str) -> None:
    with pytest.raises(MailboxNameInvalid):
        name(text)


def test_component_that_holds_the_sign_for_a_dot_is_refused() -> None:
    with pytest.raises(MailboxNameInvalid):
        MailboxName(("user", "a^b"))


def test_longest_name_has_490_octets_and_can_still_be_deleted() -> None:
    longest = name("user." + "x" * 485)
    deleted = longest.deleted_form("DELETED", 1)
    assert deleted.undeleted("DELETED") == DeletedName(longest, 1)


def test_user_and_top_mailbox_are_told_apart() -> None:
    assert name("user.alice").is_user
    assert name("user.alice").is_inbox
    assert name("user.alice.Work").is_user
    assert not name("user.alice.Work").is_inbox
    assert not name("board.user").is_user
    assert name("example.com!user.a^b.x").userid == UserId("a.b", "example.com")
    assert name("board").userid is None
    assert MailboxName.of_user(UserId("a.b", "example.com"), "Work").internal == "example.com!user.a^b.Work"


def test_parents_end_at_the_top_of_a_hierarchy() -> None:
    assert [above.internal for above in name("user.alice.a.b").ancestors] == ["user.alice.a", "user.alice"]
    assert [above.internal for above in name("board.a").ancestors] == ["board"]
    assert name("board").parent is None
    assert name("user.alice").parent is None


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        ("user.ann.x", "user.ann", True),
        ("user.ann.x.y", "user.ann", True),
        ("user.anna", "user.ann", False),
        ("user.ann", "user.ann", False),
        ("example.com!user.ann.x", "user.ann", False),
        ("user.ann^x.y", "user.ann", False),
        ("user.ann.e\u0301.x", "user.ann.é", True),
    ],
)
def test_is_below_goes_by_whole_components(below: str, above: str, expected: bool) -> None:
    assert name(below).is_below(name(above)) is expected


def test_spellings_of_one_text_have_one_key_and_stay_as_given() -> None:
    composed, decomposed = name("user.alice.é"), name("user.alice.e\u0301")
    assert composed.key == decomposed.key
    assert decomposed.internal == "user.alice.e\u0301"


def test_keys_sort_a_mailbox_and_what_is_below_it_together() -> None:
    ordered = ["user.a", "user.a.x", "user.a b", "user.a-b", "user.a^b", "user.ab"]
    assert sorted(ordered, key=lambda text: name(text).key) == ordered


@pytest.mark.parametrize(
    ("moving", "source", "target", "expected"),
    [
        ("user.a.x.y", "user.a.x", "user.a.z", "user.a.z.y"),
        ("user.a.x", "user.a.x", "board.q", "board.q"),
        ("user.a.x", "user.a", "example.com!user.b", "example.com!user.b.x"),
    ],
)
def test_name_moves_with_the_one_above_it(moving: str, source: str, target: str, expected: str) -> None:
    assert name(moving).moved(name(source), name(target)).internal == expected


def test_deleted_form_is_that_of_cyrus() -> None:
    deleted = name("user.alice.Work.2024.Q1").deleted_form("DELETED", 0x6B010774)
    assert deleted.internal == "DELETED.user.alice.Work.2024.Q1.6B010774"
    assert deleted.undeleted("DELETED") == DeletedName(name("user.alice.Work.2024.Q1"), 0x6B010774)


@pytest.mark.parametrize(
    "text",
    [
        "user.alice.6B010774",
        "DELETED.F",
        "DELETED.6B010774",
        "DELETED.user.6B010774",
        "DELETED.user.alice",
        "DELETED.user.alice.6b010774",
        "DELETED.user.alice.06B010774",
        "DELETED.inbox.6B010774",
        "DELETED.user.alice.6B010774.x",
    ],
)
def test_other_names_are_not_taken_for_deleted_ones(text: str) -> None:
    assert name(text).undeleted("DELETED") is None


@pytest.mark.parametrize(
    ("text", "account", "relative", "deleted_at"),
    [
        ("user.alice", "user.alice", (), None),
        ("user.alice.Work.x", "user.alice", ("Work", "x"), None),
        ("example.com!user.alice.Work", "example.com!user.alice", ("Work",), None),
        ("board", "board", (), None),
        ("board.a.b", "board", ("a", "b"), None),
        ("example.com!board.a", "example.com!board", ("a",), None),
        ("DELETED.user.alice.Work.6B010774", "user.alice", ("Work",), 0x6B010774),
        ("DELETED.user.bob.6B01083F", "user.bob", (), 0x6B01083F),
        ("example.com!DELETED.board.a.00000001", "example.com!board", ("a",), 1),
        ("DELETED.F", "DELETED", ("F",), None),
    ],
)
def test_account_path(text: str, account: str, relative: tuple[str, ...], deleted_at: int | None) -> None:
    path = name(text).account_path("DELETED")
    assert path == AccountPath(name(account), relative, deleted_at)
    assert path.account_name == account
    assert path.mailbox_name("DELETED") == name(text)


@given(names())
def test_internal_form_and_account_path_lead_back_to_the_name(given_name: MailboxName) -> None:
    assert MailboxName.from_internal(given_name.internal) == given_name
    assert given_name.account_path("DELETED").mailbox_name("DELETED") == given_name


@given(names(), st.integers(0, 2**33))
def test_deleted_form_leads_back_to_the_name_and_stays_in_its_account(given_name: MailboxName, time: int) -> None:
    deleted = given_name.deleted_form("DELETED", time)
    assert deleted.undeleted("DELETED") == DeletedName(given_name, time)
    path = deleted.account_path("DELETED")
    assert path.deleted_at == time
    assert path.mailbox_name("DELETED") == deleted


@given(names(), COMPONENTS)
def test_child_is_below_its_parent_and_sorts_after_it(given_name: MailboxName, component: str) -> None:
    try:
        child = given_name.child(component)
    except MailboxNameInvalid:
        assume(False)
    assert child.is_below(given_name)
    assert not given_name.is_below(child)
    assert child.key.startswith(given_name.key + KEY_SEPARATOR)


@given(st.text())
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        parsed = MailboxName.from_internal(text)
    except MailboxNameInvalid:
        return
    assert parsed.internal == text
