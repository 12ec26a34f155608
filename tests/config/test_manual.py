from pathlib import Path

import pytest

from angarium.config.manual import manual
from angarium.config.recognised import OLD_NAMES, RECOGNISED
from angarium.config.table import OPTIONS

PAGE = Path(__file__).parents[2] / "docs" / "manual" / "imapd.conf.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == "".join(manual()), "run python -m angarium.config.manual > docs/manual/imapd.conf.md"


def test_the_page_has_every_name() -> None:
    page = "".join(manual())
    assert all(f"\n### {name}\n" in page for name in OPTIONS)
    assert all(f"`{name}`" in page for name in (*RECOGNISED, *OLD_NAMES))


@pytest.mark.parametrize("name", ["timeout", "maxmessagesize", "allowplaintext"])
def test_an_option_stands_with_its_facts(name: str) -> None:
    described = "".join(manual()).partition(f"### {name}\n")[2].partition("\n### ")[0]
    assert "default: `" in described
    assert OPTIONS[name].option.meaning in described
