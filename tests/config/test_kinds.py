from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config.kinds import (
    Choice,
    Chosen,
    Duration,
    FileMode,
    FilePath,
    Kind,
    Number,
    Size,
    Switch,
    Text,
    Words,
)
from angarium.config.options.acl import AclText
from angarium.config.quantities import DurationUnit, SizeUnit


class Colour(StrEnum):
    RED = "red"
    OFF = "off"
    ON = "on"


KINDS: list[Kind[object]] = [
    Switch(),
    Text(pattern="[a-z]+", allowed="letters"),
    Number(1, 10),
    FileMode(),
    Duration(DurationUnit.MINUTES, minimum=timedelta(seconds=1)),
    Size(SizeUnit.KIB, minimum=1),
    Choice(Colour),
    Chosen(Colour, at_least_one=True),
    Words(),
    FilePath(),
    AclText(),
]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        *((Switch(), word, True) for word in ("yes", "on", "t", "true", "1", "YES", "True")),
        *((Switch(), word, False) for word in ("no", "off", "f", "false", "0", "Off")),
        (Text(), "", ""),
        (Text(lower=True), "ABC", "abc"),
        (Number(1, 10), "10", 10),
        (Number(1, 10), "+1", 1),
        (FileMode(), "077", 0o77),
        (FileMode(), "27", 0o27),
        (Duration(DurationUnit.MINUTES), "32", timedelta(minutes=32)),
        (Duration(DurationUnit.MINUTES, raised_to=timedelta(minutes=30)), "5", timedelta(minutes=30)),
        (Size(SizeUnit.KIB), "4", 4096),
        (Choice(Colour), "RED", Colour.RED),
        (Choice(Colour), "yes", Colour.ON),
        (Choice(Colour), "0", Colour.OFF),
        (Chosen(Colour), "", ()),
        (Chosen(Colour), "red  on red", (Colour.RED, Colour.ON)),
        (Words(change=str.upper), "plain login PLAIN", ("PLAIN", "LOGIN")),
        (FilePath(), "/var/lib", Path("/var/lib")),
        (AclText(), "anyone lrs  ann lrswi", (("anyone", "lrs"), ("ann", "lrswi"))),
        (AclText(), "", ()),
    ],
)
def test_values_that_are_allowed(kind: Kind[object], text: str, value: object) -> None:
    assert kind.parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Switch(), "maybe"),
        (Switch(), ""),
        (Text(pattern="[a-z]+"), "a b"),
        (Text(pattern="[a-z]+"), "a\n"),
        (Number(1, 10), "0"),
        (Number(1, 10), "11"),
        (Number(1, 10), "1e3"),
        (Number(1, 10), "٣"),
        (FileMode(), "1777"),
        (FileMode(), "8"),
        (Duration(minimum=timedelta(seconds=2)), "1"),
        (Size(maximum=10), "11"),
        (Choice(Colour), "blue"),
        (Chosen(Colour), "red blue"),
        (Chosen(Colour, at_least_one=True), ""),
        (FilePath(), "var/lib"),
        (FilePath(), ""),
        (AclText(), "anyone"),
        (AclText(), "anyone xyz"),
        (AclText(), "ann lr ann w"),
    ],
)
def test_values_that_are_refused(kind: Kind[object], text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        kind.parse(text)


@given(st.sampled_from(KINDS), st.text())
def test_any_text_is_a_value_or_a_value_error(kind: Kind[object], text: str) -> None:
    with suppress(ValueError):
        kind.parse(text)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
def test_every_kind_says_what_it_allows(kind: Kind[object]) -> None:
    assert kind.name
    assert kind.allowed
