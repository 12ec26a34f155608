import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.errors import MailboxNameInvalid
from angarium.names import MailboxName, NameSettings, Namespace, Namespaces, UserId, VirtDomains

ALICE = UserId("alice")
ALICE_AT_COM = UserId("alice", "example.com")
CYRUS = UserId("cyrus")

SLASH_ALT = NameSettings()
SLASH = NameSettings(altnamespace=False)
DOT_ALT = NameSettings(unixhierarchysep=False)
DOT = NameSettings(unixhierarchysep=False, altnamespace=False)
VIRTUAL = NameSettings(virtdomains=VirtDomains.USERID, defaultdomain="example.org")
VIRTUAL_DOT = NameSettings(
    unixhierarchysep=False, altnamespace=False, virtdomains=VirtDomains.ON, defaultdomain="example.org"
)

# What an actor sees, and the mailbox that it is: both ways.
BOTH_WAYS = [
    (SLASH_ALT, ALICE, "INBOX", "user.alice"),
    (SLASH_ALT, ALICE, "INBOX/sub", "user.alice.INBOX.sub"),
    (SLASH_ALT, ALICE, "INBOX/INBOX", "user.alice.INBOX.INBOX"),
    (SLASH_ALT, ALICE, "INBOX.sub", "user.alice.INBOX^sub"),
    (SLASH_ALT, ALICE, "INBOXES", "user.alice.INBOXES"),
    (SLASH_ALT, ALICE, "Work/2024/Q1", "user.alice.Work.2024.Q1"),
    (SLASH_ALT, ALICE, ".", "user.alice.^"),
    (SLASH_ALT, ALICE, "a.b", "user.alice.a^b"),
    (SLASH_ALT, ALICE, "@at", "user.alice.@at"),
    (SLASH_ALT, ALICE, "user/zed", "user.alice.user.zed"),
    (SLASH_ALT, ALICE, "DELETED/x", "user.alice.DELETED.x"),
    (SLASH_ALT, ALICE, "日本語", "user.alice.日本語"),
    (SLASH_ALT, ALICE, "Other Users/bob", "user.bob"),
    (SLASH_ALT, ALICE, "Other Users/b.ob/x", "user.b^ob.x"),
    (SLASH_ALT, ALICE, "Other Users/alice2", "user.alice2"),
    (SLASH_ALT, ALICE, "Shared Folders/board/a", "board.a"),
    (SLASH_ALT, ALICE, "Shared Folders/DELETED/F", "DELETED.F"),
    (SLASH_ALT, ALICE, "Alt Folders/inbox", "user.alice.inbox"),
    (SLASH_ALT, ALICE, "Alt Folders/INBOX", "user.alice.INBOX"),
    (SLASH_ALT, ALICE, "Alt Folders/Inbox/x", "user.alice.Inbox.x"),
    (SLASH_ALT, ALICE, "Alt Folders/Other Users/x", "user.alice.Other Users.x"),
    (SLASH_ALT, ALICE, "Alt Folders/Shared Folders", "user.alice.Shared Folders"),
    (SLASH_ALT, ALICE, "Alt Folders/Alt Folders", "user.alice.Alt Folders"),
    (SLASH_ALT, UserId("a.b"), "Work", "user.a^b.Work"),
    (SLASH, ALICE, "INBOX", "user.alice"),
    (SLASH, ALICE, "INBOX/Work/a.b", "user.alice.Work.a^b"),
    (SLASH, ALICE, "INBOX/inbox", "user.alice.inbox"),
    (SLASH, ALICE, "user/bob/x", "user.bob.x"),
    (SLASH, ALICE, "Work", "Work"),
    (DOT_ALT, ALICE, "INBOX", "user.alice"),
    (DOT_ALT, ALICE, "INBOX.sub", "user.alice.INBOX.sub"),
    (DOT_ALT, ALICE, "Work.^x", "user.alice.Work.^x"),
    (DOT_ALT, ALICE, "Other Users.bob.x", "user.bob.x"),
    (DOT_ALT, ALICE, "Shared Folders.board", "board"),
    (DOT_ALT, ALICE, "Alt Folders.iNBOX", "user.alice.iNBOX"),
    (DOT, ALICE, "INBOX", "user.alice"),
    (DOT, ALICE, "INBOX.^x", "user.alice.^x"),
    (DOT, ALICE, "user.bob", "user.bob"),
    (DOT, ALICE, "shared", "shared"),
    (VIRTUAL, ALICE_AT_COM, "INBOX", "example.com!user.alice"),
    (VIRTUAL, ALICE_AT_COM, "foo@bar", "example.com!user.alice.foo@bar"),
    (VIRTUAL, ALICE_AT_COM, "Other Users/dom1", "example.com!user.dom1"),
    (VIRTUAL, ALICE_AT_COM, "Shared Folders/shared", "example.com!shared"),
    (VIRTUAL, ALICE, "Other Users/dom1", "user.dom1"),
    (VIRTUAL_DOT, ALICE_AT_COM, "INBOX.x", "example.com!user.alice.x"),
]
BOTH_WAYS_ADMIN = [
    (SLASH_ALT, CYRUS, "user/alice", "user.alice"),
    (SLASH_ALT, CYRUS, "user/alice/INBOX", "user.alice.INBOX"),
    (SLASH_ALT, CYRUS, "user/a.b/c", "user.a^b.c"),
    (SLASH_ALT, CYRUS, "user/x@example.com", "user.x@example^com"),
    (SLASH_ALT, CYRUS, "Other Users/x", "Other Users.x"),
    (SLASH_ALT, CYRUS, "shared/sub", "shared.sub"),
    (SLASH_ALT, None, "DELETED/user/alice/Work/6B010774", "DELETED.user.alice.Work.6B010774"),
    (DOT, CYRUS, "user.alice.^x", "user.alice.^x"),
    (VIRTUAL, CYRUS, "user/alice", "user.alice"),
    (VIRTUAL, CYRUS, "user/alice/Drafts@example.com", "example.com!user.alice.Drafts"),
    (VIRTUAL, CYRUS, "user/alice/foo@bar@example.com", "example.com!user.alice.foo@bar"),
    (VIRTUAL, CYRUS, "user/alice/foo@bar@example.org", "user.alice.foo@bar"),
    (VIRTUAL, CYRUS, "shared@example.com", "example.com!shared"),
    (VIRTUAL, UserId("admin", "example.com"), "user/x@example.com", "example.com!user.x"),
    (VIRTUAL_DOT, CYRUS, "user.x.y@example.com", "example.com!user.x.y"),
]


@pytest.mark.parametrize(("settings", "userid", "external", "internal"), BOTH_WAYS)
def test_user_sees_a_mailbox_under_its_name(
    settings: NameSettings, userid: UserId, external: str, internal: str
) -> None:
    namespace = Namespace(settings, userid)
    assert namespace.to_internal(external).internal == internal
    assert namespace.to_external(MailboxName.from_internal(internal)) == external


@pytest.mark.parametrize(("settings", "userid", "external", "internal"), BOTH_WAYS_ADMIN)
def test_admin_sees_a_mailbox_under_its_name(
    settings: NameSettings, userid: UserId | None, external: str, internal: str
) -> None:
    namespace = Namespace(settings, userid, is_admin=True)
    assert namespace.to_internal(external).internal == internal
    assert namespace.to_external(MailboxName.from_internal(internal)) == external


@pytest.mark.parametrize(
    ("settings", "external", "internal"),
    [
        (SLASH_ALT, "inbox", "user.alice"),
        (SLASH_ALT, "iNbOx/sub", "user.alice.INBOX.sub"),
        (SLASH_ALT, "a/", "user.alice.a"),
        (SLASH_ALT, "/b", "user.alice.b"),
        (SLASH_ALT, "c//d", "user.alice.c.d"),
        (SLASH_ALT, "Other Users/alice/Work", "user.alice.Work"),
        (DOT, "inbox.lower", "user.alice.lower"),
        (DOT, "user.alice.X", "user.alice.X"),
        (DOT, "INBOX..y", "user.alice.y"),
        (DOT, "INBOX.z.", "user.alice.z"),
        (DOT, ".z", "z"),
    ],
)
def test_other_spellings_are_understood(settings: NameSettings, external: str, internal: str) -> None:
    assert Namespace(settings, ALICE).to_internal(external).internal == internal


@pytest.mark.parametrize(
    ("external", "internal"),
    [
        ("INBOX", "user.cyrus"),
        ("inbox/x", "user.cyrus.x"),
        ("user/alice@EXAMPLE.com", "example.com!user.alice"),
        ("user/alice@example.org", "user.alice"),
    ],
)
def test_other_spellings_of_an_admin_are_understood(external: str, internal: str) -> None:
    assert Namespace(VIRTUAL, CYRUS, is_admin=True).to_internal(external).internal == internal


def test_name_without_a_domain_is_in_the_domain_of_its_admin() -> None:
    namespace = Namespace(VIRTUAL, UserId("admin", "example.com"), is_admin=True)
    assert namespace.to_internal("user/x").internal == "example.com!user.x"
    assert namespace.to_internal("user/x@example.org").internal == "user.x"
    assert not namespace.shows(MailboxName.from_internal("user.x"))


@pytest.mark.parametrize(
    ("settings", "external"),
    [
        (SLASH_ALT, ""),
        (SLASH_ALT, "/"),
        (SLASH_ALT, "a%b"),
        (SLASH_ALT, "a\\b"),
        (SLASH_ALT, "!bang"),
        (SLASH_ALT, "a^b"),
        (SLASH_ALT, "a\tb"),
        (SLASH_ALT, "x" * 500),
        (SLASH_ALT, "Other Users"),
        (SLASH_ALT, "Shared Folders"),
        (SLASH_ALT, "Shared Folders/user/bob"),
        (SLASH_ALT, "Shared Folders/INBOX"),
        (SLASH_ALT, "Alt Folders"),
        (SLASH_ALT, "Alt Folders/Work"),
        (SLASH_ALT, "Alt Folders/INBOX/x"),
        (SLASH, "user"),
        (DOT, "user"),
        (DOT, "INBOX.a/b"),
        (DOT, "..."),
        (VIRTUAL, "Other Users/x@y"),
    ],
)
def test_name_that_can_be_nobodys_is_refused(settings: NameSettings, external: str) -> None:
    with pytest.raises(MailboxNameInvalid):
        Namespace(settings, ALICE).to_internal(external)


@pytest.mark.parametrize(
    "external",
    ["", "user", "user/", "@example.com", "user/x@", "user/x@y/z", "INBOX@example.com", "user/a@b@example.com"],
)
def test_name_that_an_admin_cannot_mean_is_refused(external: str) -> None:
    with pytest.raises(MailboxNameInvalid):
        Namespace(VIRTUAL, CYRUS, is_admin=True).to_internal(external)


@pytest.mark.parametrize("is_admin", [False, True])
def test_inbox_needs_a_user(is_admin: bool) -> None:
    with pytest.raises(MailboxNameInvalid):
        Namespace(SLASH_ALT, None, is_admin).to_internal("INBOX")


def test_composed_and_decomposed_prefixes_are_one() -> None:
    settings = NameSettings(userprefix="Andere Nutzér")
    assert Namespace(settings, ALICE).to_internal("Andere Nutze\u0301r/bob").internal == "user.bob"


@pytest.mark.parametrize(
    ("userid", "is_admin", "internal"),
    [
        (ALICE, False, "example.com!user.bob"),
        (ALICE_AT_COM, False, "user.bob"),
        (ALICE_AT_COM, False, "other.com!user.bob"),
        (ALICE_AT_COM, True, "user.bob"),
    ],
)
def test_other_domains_have_no_names(userid: UserId, is_admin: bool, internal: str) -> None:
    namespace, name = Namespace(VIRTUAL, userid, is_admin), MailboxName.from_internal(internal)
    assert not namespace.shows(name)
    with pytest.raises(MailboxNameInvalid):
        namespace.to_external(name)


def test_domains_have_no_names_without_virtdomains() -> None:
    name = MailboxName.from_internal("example.com!user.bob")
    assert not Namespace(SLASH_ALT, CYRUS, is_admin=True).shows(name)
    assert Namespace(VIRTUAL, CYRUS, is_admin=True).shows(name)


@pytest.mark.parametrize(
    ("settings", "is_admin", "has_inbox", "expected"),
    [
        (SLASH_ALT, False, True, Namespaces(("",), ("Other Users/",), ("Shared Folders/",), "/")),
        (SLASH_ALT, False, False, Namespaces((), ("Other Users/",), ("Shared Folders/",), "/")),
        (SLASH_ALT, True, True, Namespaces((), ("user/",), ("",), "/")),
        (SLASH, False, True, Namespaces(("INBOX/",), ("user/",), ("",), "/")),
        (DOT_ALT, False, True, Namespaces(("",), ("Other Users.",), ("Shared Folders.",), ".")),
        (DOT, False, True, Namespaces(("INBOX.",), ("user.",), ("",), ".")),
        (DOT, False, False, Namespaces((), ("user.",), ("",), ".")),
        (DOT, True, False, Namespaces((), ("user.",), ("",), ".")),
    ],
)
def test_namespaces(settings: NameSettings, is_admin: bool, has_inbox: bool, expected: Namespaces) -> None:
    assert Namespace(settings, ALICE, is_admin).namespaces(has_inbox=has_inbox) == expected


@pytest.mark.parametrize(
    ("namespace", "ordered"),
    [
        (
            Namespace(SLASH_ALT, ALICE),
            [
                "user.alice",
                "user.alice.INBOX.sub",
                "user.alice.#hash",
                "user.alice.^",
                "user.alice.INBOX",
                "user.alice.Work",
                "user.alice.Work.x",
                "user.alice.Work 2",
                "user.alice.~tilde",
                "user.aaron",
                "user.bob",
                "DELETED.F",
                "shared",
            ],
        ),
        (Namespace(DOT, ALICE), ["user.alice", "user.alice.Sent", "user.alice.lower", "user.aaron", "shared"]),
        (
            Namespace(VIRTUAL, CYRUS, is_admin=True),
            [
                "example.com!user.alice",
                "example.com!user.alice.Drafts",
                "user.a b",
                "user.alice",
                "user.cyrus",
                "example.com!shared",
                "DELETED.F",
                "shared",
                "DELETED.user.alice.Work.6B010774",
            ],
        ),
    ],
)
def test_order_of_list(namespace: Namespace, ordered: list[str]) -> None:
    by_key = sorted(ordered, key=lambda text: namespace.sort_key(MailboxName.from_internal(text)))
    assert by_key == ordered


COMBINATIONS = [
    NameSettings(unixhierarchysep=unix, altnamespace=alt, virtdomains=virtdomains, defaultdomain="example.org")
    for unix, alt, virtdomains in itertools.product([True, False], [True, False], VirtDomains)
]
ACTORS = [(ALICE, False), (ALICE_AT_COM, False), (CYRUS, True), (UserId("admin", "example.com"), True), (None, False)]
SPECIAL = ["INBOX", "inbox", "Inbox", "user", "alice", "Other Users", "Shared Folders", "Alt Folders", "DELETED", "@"]
COMPONENTS = st.one_of(st.sampled_from(SPECIAL), st.text("ab.@ é\u0301-", min_size=1, max_size=3))


@st.composite
def seen(draw: st.DrawFn, settings: NameSettings) -> tuple[Namespace, MailboxName]:
    """An actor, and a name of a mailbox that it may see."""
    userid, is_admin = draw(st.sampled_from(ACTORS))
    if userid is not None and not settings.has_domains:
        userid = UserId(userid.localpart)
    domain = None if userid is None else userid.domain
    if settings.has_domains and is_admin and domain is None:
        domain = draw(st.sampled_from([None, "example.com"]))
    top = draw(st.sampled_from([("user", "alice"), ("user", "bob"), ("board",), ("DELETED", "user")]))
    return Namespace(settings, userid, is_admin), MailboxName((*top, *draw(st.lists(COMPONENTS, max_size=3))), domain)


@pytest.mark.parametrize("settings", COMBINATIONS)
@given(data=st.data())
def test_what_is_seen_leads_back_to_the_mailbox(settings: NameSettings, data: st.DataObject) -> None:
    namespace, name = data.draw(seen(settings))
    assert namespace.shows(name)
    assert namespace.to_internal(namespace.to_external(name)) == name


@pytest.mark.parametrize("settings", COMBINATIONS)
@given(
    actor=st.sampled_from(ACTORS),
    external=st.one_of(
        st.text(),
        st.lists(st.one_of(COMPONENTS, st.sampled_from(["/", ".", "@example.com", "^", "!"])), max_size=6).map("".join),
    ),
)
def test_any_name_is_refused_or_has_one_meaning(
    settings: NameSettings, actor: tuple[UserId | None, bool], external: str
) -> None:
    namespace = Namespace(settings, *actor)
    try:
        name = namespace.to_internal(external)
    except MailboxNameInvalid:
        return
    if namespace.shows(name):
        assert namespace.to_internal(namespace.to_external(name)) == name
