import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.auth import filegroups
from angarium.auth.filegroups import FileGroups, parse_group_file
from angarium.names import NameSettings, VirtDomains

NAMES = NameSettings(virtdomains=VirtDomains.USERID, defaultdomain="example.com")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("\n# staff:x:1:alice\n\n", {}),
        ("staff:x:1:alice", {"alice": {"staff"}}),
        ("staff:x:1:alice,bob\n", {"alice": {"staff"}, "bob": {"staff"}}),
        ("staff:::alice\nstaff:*:77:bob\nguests:x:2:alice\n", {"alice": {"staff", "guests"}, "bob": {"staff"}}),
        (" domain users : x : 1 : alice , bob ,, \r\n", {"alice": {"domain users"}, "bob": {"domain users"}}),
        ("Staff:x:1:alice\nstaff:x:1:bob\n", {"alice": {"Staff"}, "bob": {"staff"}}),
        ("staff:x:1:\n", {}),
        # Users as they log in.
        ("staff:x:1:Alice,alice@example.com", {"alice": {"staff"}}),
        ("staff:x:1:alice@Example.ORG", {"alice@example.org": {"staff"}}),
        # Nobody can log in as one of these.
        ("staff:x:1:anyone,group:x", ValueError),
        ("staff:x:1:anyone,anonymous,-bob,a/b,alice", {"alice": {"staff"}}),
        ("staff", ValueError),
        ("staff:x:1", ValueError),
        ("staff:x:1:alice:bob", ValueError),
        (":x:1:alice", ValueError),
        ("+:::", ValueError),
        ("+staff:::", ValueError),
        ("-staff:x:1:alice", ValueError),
    ],
)
def test_the_syntax_of_etc_group(text: str, expected: dict[str, set[str]] | type[Exception]) -> None:
    if isinstance(expected, dict):
        assert parse_group_file(text, NAMES) == expected
    else:
        with pytest.raises(expected, match="line 1 "):
            parse_group_file(text, NAMES)


def test_a_fault_is_told_with_its_line() -> None:
    with pytest.raises(ValueError, match="line 3 is not name:password:number:members"):
        parse_group_file("staff:x:1:alice\n#\nguests\n", NAMES)


def test_domains_mean_nothing_without_virtdomains() -> None:
    names = NameSettings(virtdomains=VirtDomains.OFF)
    assert parse_group_file("staff:x:1:alice@example.org\n", names) == {"alice": {"staff"}}


@given(st.text(st.characters() | st.sampled_from(":,\n#+-@ "), max_size=200))
def test_any_text_is_groups_or_a_fault(text: str) -> None:
    try:
        groups = parse_group_file(text, NAMES)
    except ValueError:
        return
    assert all(user and all(of_user) for user, of_user in groups.items())


_NAME = st.text("abcdefgh .é", min_size=1, max_size=6).map(str.strip).filter(bool)


@given(st.dictionaries(_NAME, st.sets(st.sampled_from(["alice", "bob", "carol@example.org"]), min_size=1), max_size=6))
def test_what_is_written_is_read(members: dict[str, set[str]]) -> None:
    text = "".join([f"{group}:x:1:{','.join(sorted(users))}\n" for group, users in members.items()])
    read = parse_group_file(text, NAMES)
    assert {(user, group) for user, groups in read.items() for group in groups} == {
        (user, group) for group, users in members.items() for user in users
    }


def test_a_changed_file_is_read_again_and_one_that_is_the_same_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    def parse(text: str, names: NameSettings) -> dict[str, frozenset[str]]:
        reads.append(text)
        return parse_group_file(text, names)

    monkeypatch.setattr(filegroups, "parse_group_file", parse)
    path = tmp_path / "group"
    path.write_text("staff:x:1:alice\n")
    source = FileGroups(path, NAMES)
    assert source.groups_of("alice") == {"staff"}
    assert source.groups_of("bob") == frozenset()
    assert len(reads) == 1
    (tmp_path / "new").write_text("staff:x:1:bob\n")
    os.rename(tmp_path / "new", path)
    assert source.groups_of("alice") == frozenset()
    assert source.groups_of("bob") == {"staff"}
    path.write_text("other:x:1:alice\n")
    assert source.groups_of("alice") == {"other"}
    assert len(reads) == 3


def test_a_file_that_cannot_be_had_or_read_is_a_failure_until_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "group"
    source = FileGroups(path, NAMES)
    with pytest.raises(OSError, match="No such file"):
        source.groups_of("alice")
    path.write_text("staff:x:1:alice\n")
    assert source.groups_of("alice") == {"staff"}
    path.write_text("staff:x:1:alice\nguests\n")
    for _ in range(2):
        with pytest.raises(ValueError, match=f"{path}: line 2"):
            source.groups_of("alice")
    path.write_bytes(b"staff:x:1:\xff\n")
    with pytest.raises(ValueError, match=f"{path}: "):
        source.groups_of("alice")
    path.write_text("staff:x:1:alice\n#\n")
    assert source.groups_of("alice") == {"staff"}
    path.unlink()
    with pytest.raises(OSError, match="No such file"):
        source.groups_of("alice")


def test_what_is_no_file_or_too_large_a_one_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="is not a file"):
        FileGroups(tmp_path / "pipe", NAMES).groups_of("alice")
    with pytest.raises((OSError, ValueError)):
        FileGroups(tmp_path, NAMES).groups_of("alice")
    monkeypatch.setattr(filegroups, "MAX_FILE_OCTETS", 16)
    (tmp_path / "group").write_text("staff:x:1:alice\n" * 2)
    with pytest.raises(ValueError, match="more than 16 octets"):
        FileGroups(tmp_path / "group", NAMES).groups_of("alice")
