import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.cli.firstusers import (
    FirstUser,
    new_first_users,
    parse_first_users,
    read_first_users,
    readable_password,
    serialize_first_users,
    write_first_users,
)
from angarium.errors import ConfigError

WORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1).filter(
    lambda word: not word.startswith("#")
)
USERS = st.lists(st.builds(FirstUser, WORDS, WORDS, st.booleans())).map(tuple)


@given(USERS)
def test_users_come_back_as_they_were_written(users: tuple[FirstUser, ...]) -> None:
    assert parse_first_users(serialize_first_users(users), file=Path("f")) == users


@given(st.text())
def test_any_other_text_is_refused_with_its_line(text: str) -> None:
    refusal = ""
    try:
        parse_first_users(text, file=Path("f"))
    except ConfigError as error:
        refusal = str(error)
    assert re.match(r"f:\d+: |$", refusal)


def test_passwords_are_readable_and_new_each_time() -> None:
    user, admin = new_first_users()
    assert (user.name, user.is_admin, admin.name, admin.is_admin) == ("user", False, "admin", True)
    passwords = {user.password, admin.password, *[readable_password() for _ in range(100)]}
    assert len(passwords) == 102
    for password in passwords:
        assert re.fullmatch(r"([b-z][aeiou]){3}(-([b-z][aeiou]){3}){3}", password)
    assert user.password not in repr(user)


def test_the_file_may_be_gone(tmp_path: Path) -> None:
    users = new_first_users()
    assert read_first_users(tmp_path / "first-users") == ()
    write_first_users(tmp_path / "first-users", users)
    assert read_first_users(tmp_path / "first-users") == users
    (tmp_path / "first-users").write_bytes(b"\xff")
    with pytest.raises(ConfigError):
        read_first_users(tmp_path / "first-users")
