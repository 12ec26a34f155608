import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.errors import AclInvalid
from angarium.rights import (
    ADMIN_RIGHTS,
    NO_RIGHTS,
    OWNER_RIGHTS,
    Acl,
    AclEntry,
    DeleteRight,
    Right,
    Rights,
    SetRights,
    Subject,
    effective,
    inherit,
    parse_modification,
    parse_rights,
    serialize_rights,
)

IMPLICIT = parse_rights("lkxan")
IDENTIFIERS = ["alice", "bob", "anyone", "anonymous", "group:staff", "-bob", "-anyone", "-anonymous", "-group:staff"]
DELETERIGHTS: list[DeleteRight] = ["a", "c", "d"]
RIGHTS = st.integers(0, sum(Right)).map(Rights)
ACLS = st.dictionaries(st.sampled_from(IDENTIFIERS), RIGHTS.filter(bool)).map(
    lambda entries: Acl(tuple(AclEntry(identifier, rights) for identifier, rights in entries.items()))
)


def acl(text: str) -> Acl:
    return Acl.parse_setting(text)


def printed(mailbox_acl: Acl) -> str:
    return mailbox_acl.serialize().replace("\t", " ").strip()


@pytest.mark.parametrize(
    ("setting", "subject", "expected"),
    [
        # The worked cases, then the order of calculation.
        ("mary lrs group:helpdesk lrsp", Subject("mary", frozenset({"helpdesk"})), "lrsp"),
        ("mary lrs group:helpdesk lrsp", Subject("mary"), "lrs"),
        ("mary lrs group:helpdesk lrsp", Subject("joe", frozenset({"helpdesk"})), "lrsp"),
        ("mary lrs group:helpdesk lrsp", Subject(None), ""),
        ("anyone read -anonymous s", Subject("mary"), "lrs"),
        ("anyone read -anonymous s", Subject(None), "lr"),
        ("colleague read", Subject("colleague"), "lrs"),
        ("colleague read", Subject("other"), ""),
        ("group:helpdesk write boss all", Subject("boss", frozenset({"helpdesk"})), "lrswipkxtecda"),
        ("group:helpdesk write boss all", Subject("joe", frozenset({"helpdesk"})), "lrswipkxtecd"),
        ("anonymous read", Subject(None), "lrs"),
        ("anonymous read", Subject("mary"), ""),
        ("anyone l mary r group:a s group:b w", Subject("mary", frozenset({"a", "b"})), "lrsw"),
        ("-mary w anyone lrsw mary i", Subject("mary"), "lrsi"),
        ("mary lrsw -group:a w", Subject("mary", frozenset({"a"})), "lrs"),
        ("mary lrsw -group:a w", Subject("mary"), "lrsw"),
        ("mary lrsw -anyone w", Subject("mary"), "lrs"),
        ("mary lrs group:mary w", Subject("mary"), "lrs"),
        ("a l", Subject("b", frozenset({"a"})), ""),
        ("-mary lrs", Subject("mary"), ""),
        ("mary lrs", Subject("mar"), ""),
    ],
)
def test_rights_of_a_subject(setting: str, subject: Subject, expected: str) -> None:
    rights = effective(acl(setting), subject, is_owner=False, implicit_owner_rights=IMPLICIT)
    assert serialize_rights(rights) == expected


def test_owner_keeps_the_implicit_rights_whatever_the_list_says() -> None:
    rights = effective(acl("alice l -alice la"), Subject("alice"), is_owner=True, implicit_owner_rights=IMPLICIT)
    assert rights == IMPLICIT


def test_implicit_rights_of_the_owner_are_those_of_the_option() -> None:
    assert effective(Acl(), Subject("alice"), is_owner=True, implicit_owner_rights=parse_rights("l")) == parse_rights(
        "l"
    )


def test_admin_has_lookup_and_administer_and_what_the_list_gives() -> None:
    admin = Subject("cyrus", is_admin=True)
    assert effective(Acl(), admin, is_owner=False, implicit_owner_rights=IMPLICIT) == ADMIN_RIGHTS
    granted = effective(acl("cyrus c -cyrus a"), admin, is_owner=False, implicit_owner_rights=IMPLICIT)
    assert granted == parse_rights("lakx")


@given(ACLS, st.sampled_from([Subject("alice"), Subject("bob", frozenset({"staff"})), Subject(None)]), RIGHTS)
def test_what_is_denied_is_never_granted(mailbox_acl: Acl, subject: Subject, implicit: Rights) -> None:
    rights = effective(mailbox_acl, subject, is_owner=False, implicit_owner_rights=implicit)
    for entry in mailbox_acl.entries:
        if entry.identifier.startswith("-") and entry.identifier[1:] in subject.identifiers:
            assert not rights & entry.rights
    assert not rights - Rights(sum(Right))


@given(ACLS, st.sampled_from([Subject("alice"), Subject("bob", frozenset({"staff"})), Subject(None)]))
def test_order_of_entries_decides_nothing(mailbox_acl: Acl, subject: Subject) -> None:
    turned = Acl(mailbox_acl.entries[::-1])
    assert effective(turned, subject, is_owner=False, implicit_owner_rights=NO_RIGHTS) == effective(
        mailbox_acl, subject, is_owner=False, implicit_owner_rights=NO_RIGHTS
    )


def test_setacl_and_deleteacl_change_the_list_as_recorded() -> None:
    steps = [
        ("bob", "lrs", "alice lrswipkxtecdan bob lrs"),
        ("bob", "+w", "alice lrswipkxtecdan bob lrsw"),
        ("bob", "-s", "alice lrswipkxtecdan bob lrw"),
        ("bob", "cd", "alice lrswipkxtecdan bob kxtecd"),
        ("anyone", "lr", "alice lrswipkxtecdan bob kxtecd anyone lr"),
        ("anonymous", "p", "alice lrswipkxtecdan bob kxtecd anyone lr anonymous p"),
        ("-bob", "w", "alice lrswipkxtecdan bob kxtecd anyone lr anonymous p -bob w"),
        ("anyone", "", "alice lrswipkxtecdan bob kxtecd anonymous p -bob w"),
        ("nobody", "", "alice lrswipkxtecdan bob kxtecd anonymous p -bob w"),
        ("bob", "-lrswipkxtecdan", "alice lrswipkxtecdan anonymous p -bob w"),
        ("group:staff", "lr", "alice lrswipkxtecdan anonymous p -bob w group:staff lr"),
    ]
    changed = inherit(None, owner="alice", defaultacl=Acl())
    for identifier, modification, expected in steps:
        changed = changed.set(identifier, parse_modification(modification))
        assert printed(changed) == expected
    assert printed(changed.without("anonymous").without("anonymous")) == "alice lrswipkxtecdan -bob w group:staff lr"


def test_owner_keeps_an_entry_with_the_implicit_rights() -> None:
    before = acl("bob lrswipkxtean alice lrs")
    assert printed(before.set("bob", parse_modification("lr"), kept=IMPLICIT)) == "bob lrkxcan alice lrs"
    assert printed(before.set("bob", parse_modification("-lrsx"), kept=IMPLICIT)) == "bob lwipkxtecdan alice lrs"
    assert printed(before.without("bob", kept=IMPLICIT)) == "bob lkxcan alice lrs"


@pytest.mark.parametrize("identifier", ["", "-", "group:", "-group:", "a\tb", "a\nb", "\ud800", "x" * 1025])
def test_identifier_that_cannot_be_stored_is_refused(identifier: str) -> None:
    with pytest.raises(AclInvalid):
        Acl().set(identifier, SetRights(parse_rights("l")))


def test_identifiers_are_kept_in_nfc() -> None:
    changed = Acl().set("e\u0301va", SetRights(parse_rights("l")))
    assert changed.rights_of("éva") == parse_rights("l")
    assert changed.rights_of("e\u0301va") == parse_rights("l")
    assert changed.rights_of("eva") == NO_RIGHTS


def test_renamed_user_keeps_what_she_has_and_is_denied() -> None:
    before = acl("carol lr bob l -carol w group:carol s")
    assert printed(before.renamed("carol", "caroline")) == "bob l group:carol s caroline lr -caroline w"
    assert before.renamed("carol", "carol") == before
    assert before.renamed("dave", "eve") == before


def test_text_form_is_that_of_cyrus() -> None:
    assert inherit(None, owner="alice", defaultacl=Acl()).serialize() == "alice\tlrswipkxtecdan\t"
    assert Acl.parse("bob\tlrswipcda\tanyone\tp") == acl("bob lrswipkxtea anyone p")
    assert Acl.parse("") == Acl()


@pytest.mark.parametrize("text", ["alice", "alice\tlr\tbob", "\tlr\t", "alice\t?\t", "a\tl\ta\tr\t", "\t", "\t\t"])
def test_text_form_that_is_broken_is_refused(text: str) -> None:
    with pytest.raises(AclInvalid):
        Acl.parse(text)


@pytest.mark.parametrize("text", ["anyone", "anyone lr bob", "anyone ?"])
def test_setting_that_is_broken_is_refused(text: str) -> None:
    with pytest.raises(AclInvalid):
        Acl.parse_setting(text)


@given(ACLS, st.sampled_from(DELETERIGHTS))
def test_text_form_leads_back_to_the_list(mailbox_acl: Acl, deleteright: DeleteRight) -> None:
    assert Acl.parse(mailbox_acl.serialize(deleteright=deleteright), deleteright=deleteright) == mailbox_acl


@given(st.one_of(st.text(), st.text("al\t-?", max_size=12)))
def test_any_text_is_a_list_or_refused(text: str) -> None:
    try:
        parsed = Acl.parse(text)
    except AclInvalid:
        return
    assert Acl.parse(parsed.serialize()) == parsed


def test_new_mailbox_inherits() -> None:
    defaultacl, parent = acl("anyone read"), acl("bob lrs")
    assert inherit(None, owner="bob", defaultacl=defaultacl).entries == (AclEntry("bob", OWNER_RIGHTS),)
    assert inherit(parent, owner=None, defaultacl=defaultacl) == parent
    assert inherit(None, owner=None, defaultacl=defaultacl) == defaultacl
