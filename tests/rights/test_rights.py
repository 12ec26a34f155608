import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.errors import RightUnknown
from angarium.rights import (
    ADMIN_RIGHTS,
    NO_RIGHTS,
    OWNER_RIGHTS,
    SHORTCUTS,
    AddRights,
    DeleteRight,
    ListedRights,
    Modification,
    RemoveRights,
    Right,
    Rights,
    SetRights,
    list_rights,
    parse_modification,
    parse_rights,
    parse_stored_rights,
    serialize_rights,
)

DELETERIGHTS: list[DeleteRight] = ["a", "c", "d"]
RIGHTS = st.integers(0, sum(Right)).map(Rights)


@pytest.mark.parametrize(
    ("text", "deleteright", "printed"),
    [
        ("", "c", ""),
        ("lrs", "c", "lrs"),
        ("srl", "c", "lrs"),
        ("lrlr", "c", "lr"),
        ("all", "c", "la"),  # SETACL knows letters only
        ("cd", "c", "kxtecd"),
        ("c", "c", "kxc"),
        ("d", "c", "ted"),
        ("c", "d", "kc"),
        ("d", "d", "xted"),
        ("c", "a", "kc"),
        ("d", "a", "ted"),
        ("a", "a", "xa"),
        ("a", "c", "a"),
        ("k", "c", "kc"),
        ("x", "c", "xc"),
        ("x", "d", "xd"),
        ("x", "a", "x"),
        ("t", "c", "td"),
        ("e", "c", "ed"),
        ("lrswipcda", "c", "lrswipkxtecda"),
        ("lrswipkxtean", "c", "lrswipkxtecdan"),
        ("9l0", "c", "l09"),
        ("lrswida", "c", "lrswiteda"),  # RFC 4314 §2.1.1, both examples
        ("lrswikda", "d", "lrswikxtecda"),
        ("lrkxcan", "c", "lrkxcan"),
        ("lkxan", "c", "lkxcan"),
    ],
)
def test_rights_are_printed_in_one_order_with_the_virtual_ones(
    text: str, deleteright: DeleteRight, printed: str
) -> None:
    rights = parse_rights(text, deleteright=deleteright)
    assert serialize_rights(rights, deleteright=deleteright) == printed


@pytest.mark.parametrize(("text", "letter"), [("x?", "?"), ("badright!", "b"), ("lR", "R"), ("l r", " "), ("é", "é")])
def test_first_letter_that_is_no_right_is_reported(text: str, letter: str) -> None:
    with pytest.raises(RightUnknown) as caught:
        parse_rights(text)
    assert caught.value.letter == letter


@pytest.mark.parametrize(
    ("word", "printed"),
    [
        ("none", ""),
        ("read", "lrs"),
        ("post", "lrsp"),
        ("append", "lrsip"),
        ("write", "lrswipkxtecd"),
        ("delete", "lrxtecd"),
        ("all", "lrswipkxtecda"),
        ("lr", "lr"),
    ],
)
def test_shortcuts_stand_for_rights_where_they_are_known(word: str, printed: str) -> None:
    assert serialize_rights(parse_rights(word, shortcuts=True)) == printed


def test_each_shortcut_is_its_letters() -> None:
    assert {word: parse_rights(letters) for word, letters in SHORTCUTS.items()} == {
        word: parse_rights(word, shortcuts=True) for word in SHORTCUTS
    }


def test_named_sets() -> None:
    assert serialize_rights(OWNER_RIGHTS) == "lrswipkxtecdan"
    assert serialize_rights(ADMIN_RIGHTS) == "la"
    assert not NO_RIGHTS


def test_sets_are_combined() -> None:
    some = Rights.of(Right.LOOKUP, Right.READ)
    assert Right.READ in some
    assert Right.SEEN not in some
    assert some | Rights.of(Right.SEEN) == parse_rights("lrs")
    assert some & Rights.of(Right.READ, Right.SEEN) == parse_rights("r")
    assert some - Rights.of(Right.READ, Right.SEEN) == parse_rights("l")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lrs", SetRights(parse_rights("lrs"))),
        ("", SetRights(NO_RIGHTS)),
        ("+w", AddRights(parse_rights("w"))),
        ("+", AddRights(NO_RIGHTS)),
        ("-c", RemoveRights(parse_rights("kx"))),
    ],
)
def test_modification(text: str, expected: Modification) -> None:
    assert parse_modification(text) == expected


@pytest.mark.parametrize("text", ["+?", "--w", "+-w", "l+r"])
def test_modification_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RightUnknown):
        parse_modification(text)


def test_modification_may_use_shortcuts() -> None:
    assert parse_modification("+read", shortcuts=True) == AddRights(parse_rights("lrs"))


@pytest.mark.parametrize(
    ("text", "deleteright", "real"),
    [
        ("lrswipcda", "c", "lrswipkxtea"),  # as a 1.x or 2.0 server wrote it
        ("lrswipcda", "d", "lrswipkxtea"),
        ("cd", "a", "kte"),
        ("kc", "c", "k"),
        ("xd", "c", "x"),
        ("xc", "d", "x"),
        ("tcd", "c", "kxt"),
        ("a", "a", "a"),
    ],
)
def test_virtual_rights_count_in_what_is_stored_only_without_their_members(
    text: str, deleteright: DeleteRight, real: str
) -> None:
    assert parse_stored_rights(text, deleteright=deleteright) == parse_rights(real)


@given(RIGHTS, st.sampled_from(DELETERIGHTS), st.sampled_from(DELETERIGHTS))
def test_storing_neither_gains_nor_loses_a_right(rights: Rights, before: DeleteRight, after: DeleteRight) -> None:
    assert parse_stored_rights(serialize_rights(rights, deleteright=before), deleteright=after) == rights


@given(RIGHTS, st.sampled_from(DELETERIGHTS))
def test_virtual_right_is_printed_with_any_of_its_members(rights: Rights, deleteright: DeleteRight) -> None:
    printed = serialize_rights(rights, deleteright=deleteright)
    for letter in "cd":
        assert (letter in printed) == bool(rights & parse_rights(letter, deleteright=deleteright))


@given(st.text())
def test_any_text_is_rights_or_refused(text: str) -> None:
    try:
        rights = parse_rights(text)
    except RightUnknown:
        return
    assert set(text) <= set(serialize_rights(rights))


DIGITS = tuple("0123456789")


@pytest.mark.parametrize(
    ("is_owner", "is_user_top", "implicit", "expected"),
    [
        (False, False, "lkxan", ListedRights("", (*"lrswipkxtecdan", *DIGITS))),
        (True, True, "lkxan", ListedRights("lkxcan", (*"rswipted", *DIGITS))),
        (True, False, "lkxan", ListedRights("lkxcan", (*"rswipted", *DIGITS))),
        (True, False, "la", ListedRights("la", (*"rswipkxtecdn", *DIGITS))),
        (False, True, "lkxan", ListedRights("p", (*"lrswikxtecdan", *DIGITS))),
    ],
)
def test_listed_rights(is_owner: bool, is_user_top: bool, implicit: str, expected: ListedRights) -> None:
    listed = list_rights(
        is_owner=is_owner, is_user_top=is_user_top, implicit_owner_rights=parse_rights(implicit), deleteright="c"
    )
    assert listed == expected
