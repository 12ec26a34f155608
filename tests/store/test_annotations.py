"""Entries that things may be annotated with, built in and defined in a file, and what values they take."""

from pathlib import Path

import pytest

from angarium.config.options import AnnotationSettings
from angarium.errors import AnnotationInvalid, AnnotationTooLarge, ConfigError
from angarium.rights import Right
from angarium.store import AnnotationPolicy, AnnotationScope
from angarium.store.annotationdefinitions import annotation_policy, parse_annotation_definitions

DEFINITIONS = """
# What our programs keep
/vendor/acme/blurdybloop, mailbox, string, backend, value.shared value.priv, wn
/Vendor/Acme/Colour,message,content-type,proxy_and_backend,value.priv size.priv content-type.priv
/vendor/acme/level, server, INT, backend, value,
"""


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("/check", b"TRUE", b"true"),
        ("/check", b"yes", None),
        ("/checkperiod", b"30", b"30"),
        ("/checkperiod", b"-1", None),
        ("/checkperiod", b"", None),
        ("/comment", b"\x00\xff", b"\x00\xff"),
    ],
)
def test_values_are_checked_by_the_type_of_the_entry(name: str, given: bytes, kept: bytes | None) -> None:
    entry = AnnotationPolicy().find(AnnotationScope.MAILBOX, name)
    assert entry is not None
    assert entry.checked(None) is None
    if kept is None:
        with pytest.raises(AnnotationInvalid):
            entry.checked(given)
    else:
        assert entry.checked(given) == kept


@pytest.mark.parametrize(
    ("name", "is_there"),
    [
        ("/comment", True),
        ("/altsubject", True),
        ("/1/comment", True),
        ("/0/comment", True),
        ("/1.2.3/flags/seen", True),
        ("/01/comment", False),
        ("/1./comment", False),
        ("/1/flags/deleted", False),
        ("/flags/seen", False),
        ("/sort", False),
    ],
)
def test_messages_and_their_parts_have_entries_of_their_own(name: str, is_there: bool) -> None:
    assert (AnnotationPolicy().find(AnnotationScope.MESSAGE, name) is not None) == is_there


@pytest.mark.parametrize(("value", "is_valid"), [(b"1", True), (b"0", True), (b"2", False), (b"true", False)])
def test_flags_of_a_part_are_one_or_zero(value: bytes, is_valid: bool) -> None:
    entry = AnnotationPolicy().find(AnnotationScope.MESSAGE, "/2/flags/forwarded")
    assert entry is not None
    if is_valid:
        assert entry.checked(value) == value
    else:
        with pytest.raises(AnnotationInvalid):
            entry.checked(value)


def test_anything_may_be_set_where_undefined_entries_are_allowed() -> None:
    policy = AnnotationPolicy(allow_undefined=True)
    assert policy.find(AnnotationScope.MAILBOX, "/vendor/acme/x") is not None
    assert policy.find(AnnotationScope.MAILBOX, "/vendor/cmu/cyrus-imapd/nothing") is None
    assert policy.find(AnnotationScope.MESSAGE, "/flags/seen") is None
    assert AnnotationPolicy().find(AnnotationScope.MAILBOX, "/vendor/acme/x") is None


def test_values_have_a_largest_size() -> None:
    policy = AnnotationPolicy(value_octets=1024)
    policy.check_size(b"x" * 1024)
    policy.check_size(None)
    with pytest.raises(AnnotationTooLarge) as refusal:
        policy.check_size(b"x" * 1025)
    assert refusal.value.maximum_octets == 1024


def test_definitions_of_a_file_are_read() -> None:
    policy = AnnotationPolicy(defined=parse_annotation_definitions(DEFINITIONS))
    first = policy.find(AnnotationScope.MAILBOX, "/vendor/acme/blurdybloop")
    assert first is not None
    assert (first.is_shared, first.is_private) == (True, True)
    assert Right.ANNOTATE in first.needed
    assert Right.READ not in first.needed
    colour = policy.find(AnnotationScope.MESSAGE, "/vendor/acme/colour")
    assert colour is not None
    assert (colour.is_shared, colour.is_private) == (False, True)
    level = policy.find(AnnotationScope.SERVER, "/vendor/acme/level")
    assert level is not None
    assert level.checked(b"-3") == b"-3"
    assert policy.find(AnnotationScope.SERVER, "/vendor/acme/blurdybloop") is None


@pytest.mark.parametrize(
    "line",
    [
        "/a, mailbox, string, backend",
        "/a, mailbox, string, backend, value, w, w",
        "a, mailbox, string, backend, value",
        "/a*, mailbox, string, backend, value",
        "/a, folder, string, backend, value",
        "/a, mailbox, date, backend, value",
        "/a, mailbox, string, frontend, value",
        "/a, mailbox, string, backend, size",
        "/a, mailbox, string, backend, value, !",
    ],
)
def test_what_is_wrong_with_a_definition_is_told_by_its_line(line: str) -> None:
    with pytest.raises(ConfigError, match="line 2"):
        parse_annotation_definitions(f"# one\n{line}\n")


def test_the_options_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "definitions"
    with pytest.raises(ConfigError, match="cannot be read"):
        annotation_policy(AnnotationSettings(annotation_definitions=path))
    path.write_text(DEFINITIONS)
    policy = annotation_policy(AnnotationSettings(annotation_definitions=path, max_annotations=11))
    assert len(policy.defined) == 3
    assert policy.count == 11
    assert annotation_policy(AnnotationSettings()) == AnnotationPolicy()


@pytest.mark.parametrize(
    ("name", "is_there"),
    [
        ("/filters/values/on-the-road", True),
        ("/filters/descriptions/on-the-road", True),
        ("/filters/values", False),
        ("/filters/values/", False),
        ("/filters/values/a/b", False),
        ("/filters/values/a b", False),
        ("/filters/values/a]", False),
        ("/filters/values/é", False),
        ("/filters/others/x", False),
    ],
)
def test_the_server_has_entries_for_each_filter(name: str, is_there: bool) -> None:
    policy = AnnotationPolicy()
    assert (policy.find(AnnotationScope.SERVER, name) is not None) is is_there
    assert policy.find(AnnotationScope.MAILBOX, name) is None


@pytest.mark.parametrize(("value", "is_valid"), [(b"SEEN", True), ("ż".encode(), True), (None, True), (b"\xff", False)])
def test_filters_and_their_descriptions_are_utf8(value: bytes | None, is_valid: bool) -> None:
    entry = AnnotationPolicy().find(AnnotationScope.SERVER, "/filters/values/x")
    assert entry is not None
    if is_valid:
        assert entry.checked(value) == value
    else:
        with pytest.raises(AnnotationInvalid):
            entry.checked(value)
