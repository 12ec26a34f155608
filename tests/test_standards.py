"""`docs/standards.md` against the code: every citation has a row, every row is about code that is there."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from angarium.config import parse_settings
from angarium.imap.capabilities import Moment, Occasion, capabilities
from angarium.sasl import MECHANISMS

ROOT: Final = Path(__file__).parent.parent
SOURCE: Final = ROOT / "src" / "angarium"
PAGE: Final = ROOT / "docs" / "standards.md"

_SETTINGS: Final = "configdirectory: /var/imap\npartition-default: /var/spool/imap\n"
_VARIANTS: Final = ("", "literalminus: yes\n", "messagelimit: 1000\n", "savelimit: 1000\n")

CITATION: Final = re.compile(r"RFC[\s#]+([0-9]{3,5}(?:(?:,| and|, and)\s+[0-9]{3,5}(?![\w,.]*[0-9]))*)")
"""`RFC 9051`, also over the end of a line, and lists as `RFC 1870, 4954 and 6152`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One RFC as the page describes it."""

    number: str
    state: str
    what: str
    where: tuple[str, ...]


def citations(text: str) -> set[str]:
    return {number for match in CITATION.finditer(text) for number in re.findall("[0-9]+", match[1])}


def cited_in_source() -> Mapping[str, list[str]]:
    """RFC number to the modules that cite it."""
    found: dict[str, list[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for number in citations(path.read_text()):
            found.setdefault(number, []).append(str(path.relative_to(SOURCE)))
    return found


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def rows() -> Iterator[Row]:
    for line in PAGE.read_text().splitlines():
        match = re.match(r"\| ([0-9]{3,5}) ", line)
        if match:
            _, state, what, where = cells(line)
            yield Row(match[1], state, what, tuple(re.findall("`([^`]*)`", where)))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("as RFC 9051 §6.4.3 says", {"9051"}),
        ("(RFC 1870, 4954 and 6152)", {"1870", "4954", "6152"}),
        ("of RFC\n    4314", {"4314"}),
        ("# what RFC\n# 4314 says", {"4314"}),
        ("RFC 5802 §5.1 asks for 4,096", {"5802"}),
        ("RFC 5321 and 10,000 more", {"5321"}),
        ("RFC822.SIZE", set()),
    ],
)
def test_citations_are_found(text: str, numbers: set[str]) -> None:
    assert citations(text) == numbers


def test_every_rfc_that_the_code_cites_has_a_row() -> None:
    described = {row.number for row in rows()}
    missing = {number: modules for number, modules in cited_in_source().items() if number not in described}
    assert not missing, f"docs/standards.md lacks {missing}"


def test_every_rfc_has_one_row() -> None:
    numbers = [row.number for row in rows()]
    assert sorted(numbers) == sorted(set(numbers))


def test_every_row_has_a_state_and_partial_ones_say_what_is_missing() -> None:
    wrong = [row for row in rows() if row.state not in ("full", "partial", "none")]
    wrong += [row for row in rows() if row.state != "full" and not row.what]
    wrong += [row for row in rows() if row.state != "none" and not row.where]
    assert not wrong


def test_every_module_that_the_page_names_is_there() -> None:
    wrong = [(row.number, name) for row in rows() for name in row.where if not (SOURCE / name).exists()]
    assert not wrong, f"docs/standards.md names modules that are not there: {wrong}"


def test_every_rfc_that_the_tables_refer_to_has_a_row() -> None:
    described = {row.number for row in rows()}
    announced = {cells(line)[2] for line in capability_lines()}
    assert announced <= described


def test_the_page_has_what_imap_announces() -> None:
    described = {name.encode() for line in capability_lines() for name in re.findall("`([A-Z][^` ]*)`", cells(line)[0])}
    file = Path("/etc/imapd.conf")
    settings = [parse_settings(_SETTINGS + more, file=file).settings for more in _VARIANTS]
    announced = {
        word
        for moment, each in product(Moment, settings)
        for word in capabilities(Occasion(moment, each, list(MECHANISMS), plaintext_allowed=False, starttls=True))
    }
    assert described == announced


def capability_lines() -> list[str]:
    section = PAGE.read_text().partition("## What IMAP announces")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]
