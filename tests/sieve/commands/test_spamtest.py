"""spamtest, spamtestplus and virustest."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import pytest

from angarium.sieve import Environment
from angarium.sieve.filterstatus import FilterStatus, StatusKind

ENVIRONMENT = Environment(
    datetime(2026, 1, 1, tzinfo=UTC),
    spam_status=FilterStatus("x-spam-score", worst=10),
    virus_status=FilterStatus("x-virus", "^[a-z]+", StatusKind.TEXT, texts={"clean": 1, "maybe": 4, "infected": 5}),
)
REQUIRE = 'require ["fileinto", "relational", "comparator-i;ascii-numeric", "virustest", '


class Decide(Protocol):
    def __call__(self, text: str, message: bytes, *, environment: Environment = ...) -> list[str]: ...


LEVELS = """"spamtest"];
if spamtest :value "eq" :comparator "i;ascii-numeric" "0" { fileinto "unclassified"; }
elsif spamtest :value "ge" :comparator "i;ascii-numeric" "3" { fileinto "trap"; }"""

PERCENTAGES = """"spamtestplus"];
if spamtest :value "eq" :comparator "i;ascii-numeric" "0" { fileinto "unclassified"; }
elsif spamtest :percent :value "eq" :comparator "i;ascii-numeric" "0" { fileinto "clear"; }
elsif spamtest :percent :value "lt" :comparator "i;ascii-numeric" "37" { fileinto "trap"; }
else { discard; }"""

COUNTED = PERCENTAGES.replace('spamtest :value "eq"', 'spamtest :percent :count "eq"')

VIRUSES = """"spamtest"];
if virustest :value "eq" :comparator "i;ascii-numeric" "0" { fileinto "unclassified"; }
if virustest :value "eq" :comparator "i;ascii-numeric" "4" { fileinto "quarantine"; }
elsif virustest :value "eq" :comparator "i;ascii-numeric" "5" { discard; }"""


@pytest.mark.parametrize(
    ("script", "field", "actions"),
    [
        (LEVELS, b"", ["fileinto unclassified"]),
        (LEVELS, b"X-Spam-Score: unknown\n", ["fileinto unclassified"]),
        (LEVELS, b"X-Spam-Score: 0\n", ["implicit keep"]),
        (LEVELS, b"X-Spam-Score: 1.9\n", ["implicit keep"]),
        (LEVELS, b"X-Spam-Score: 3\n", ["fileinto trap"]),
        (LEVELS, b"X-Spam-Score: 10\n", ["fileinto trap"]),
        (PERCENTAGES, b"", ["fileinto unclassified"]),
        (PERCENTAGES, b"X-Spam-Score: -1\n", ["fileinto clear"]),
        (PERCENTAGES, b"X-Spam-Score: 3.6\n", ["fileinto trap"]),
        (PERCENTAGES, b"X-Spam-Score: 3.7\n", ["discard"]),
        (COUNTED, b"", ["fileinto unclassified"]),
        (COUNTED, b"X-Spam-Score: -1\n", ["fileinto clear"]),
        (COUNTED, b"X-Spam-Score: 3.6\n", ["fileinto trap"]),
        (COUNTED, b"X-Spam-Score: 3.7\n", ["discard"]),
        (VIRUSES, b"", ["fileinto unclassified"]),
        (VIRUSES, b"X-Virus: clean by us\n", ["implicit keep"]),
        (VIRUSES, b"X-Virus: maybe\n", ["fileinto quarantine"]),
        (VIRUSES, b"X-Virus: infected\n", ["discard"]),
    ],
)
def test_results_come_from_what_filters_wrote(decide: Decide, script: str, field: bytes, actions: list[str]) -> None:
    assert decide(REQUIRE + script, field + b"Subject: x\n\n", environment=ENVIRONMENT) == actions


def test_without_a_filter_nothing_was_tested(decide: Decide) -> None:
    environment = Environment(datetime(2026, 1, 1, tzinfo=UTC))
    for script in (LEVELS, PERCENTAGES, COUNTED, VIRUSES):
        decided = decide(REQUIRE + script, b"X-Spam-Score: 5\nX-Virus: infected\n\n", environment=environment)
        assert decided == ["fileinto unclassified"]


def test_results_are_compared_as_texts_too(decide: Decide) -> None:
    script = 'require "spamtest"; if spamtest "10" { discard; }'
    assert decide(script, b"X-Spam-Score: 99\n\n", environment=ENVIRONMENT) == ["discard"]


def test_percent_needs_the_newer_capability(mistakes: Callable[[str], list[str]]) -> None:
    assert '":percent" needs' in mistakes('require "spamtest"; if spamtest :percent "1" {}')[0]
    assert '"spamtest" needs' in mistakes('if spamtest "1" {}')[0]
    assert mistakes('require "spamtestplus"; if spamtest :percent "1" {} if spamtest "1" {}') == []
    assert '"virustest" needs' in mistakes('require "spamtest"; if virustest "1" {}')[0]
