import pytest

from angarium.auth.spelling import is_as_prepared


@pytest.mark.parametrize("name", ["alice", "Alice", "al ice", "größe", "алиса", "아", "a.b-c_d+e@example.org"])
def test_names_that_are_spelled_in_one_way(name: str) -> None:
    assert is_as_prepared(name)


@pytest.mark.parametrize(
    "name",
    [
        " alice",
        "alice ",
        "alice @example.org",
        "al  ice",
        "al\u00a0ice",
        "alice\t",
        "alice\u00ad",  # a soft hyphen
        "ali\u200bce",  # a space without width
        "alice\ufe0f",
        "\uff41lice",  # a letter of full width
        "o\u0308",  # a letter in two characters
        "\ufb01",  # a ligature
        "a\x7f",
    ],
)
def test_names_that_others_take_for_another(name: str) -> None:
    assert not is_as_prepared(name)
