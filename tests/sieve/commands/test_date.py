"""date and currentdate, and the counting of fields by index."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

import pytest

from angarium.sieve import Environment

MESSAGE = b"""\
Received: from c by d; Mon, 26 Feb 2007 15:30:00 +0100
Received: from b by c; Mon, 26 Feb 2007 08:59:00 -0500
Received: from a by b; Sun, 25 Feb 2007 23:30:00 -0500 (EST)
Date: Sun, 25 Feb 2007 16:59:60 -0500
Resent-Date: Sat, 30 Feb 2007 00:00:00 +0000
From: boss@example.com
To: one@example.com, two@example.com
To: three@example.com
Cc: four@example.com

text
"""

REQUIRE = (
    'require ["date", "index", "relational", "variables", "fileinto", "editheader", '
    '"comparator-i;ascii-numeric", "vacation"];'
)
EASTERN = timezone(-timedelta(hours=5))


class Decide(Protocol):
    def __call__(self, text: str, message: bytes = ..., *, environment: Environment = ...) -> list[str]: ...


@pytest.fixture
def holds(decide: Decide) -> Callable[..., bool]:
    """Whether a test holds, in a zone and at a time."""

    def holds(test: str, now: datetime = datetime(2007, 2, 27, 20, 15, 30, tzinfo=EASTERN)) -> bool:
        actions = decide(f"{REQUIRE} if {test} {{ discard; }}", MESSAGE, environment=Environment(now))
        assert actions in (["discard"], ["implicit keep"])
        return actions == ["discard"]

    return holds


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        # The working hours of whoever wrote it.
        ('date :value "ge" :originalzone "date" "hour" "09"', True),
        ('date :value "lt" :originalzone "date" "hour" "17"', True),
        ('date :originalzone "date" "second" "60"', True),
        ('date :zone "+0000" "date" "iso8601" "2007-02-25T21:59:60Z"', True),
        ('date "date" "zone" "-0500"', True),
        ('date :originalzone "date" "zone" "-0500"', True),
        ('date :zone "+0530" "date" "zone" "+0530"', True),
        # The day of the uppermost Received.
        ('anyof (date :is "received" "weekday" "0", date :is "received" "weekday" "6")', False),
        ('date :is "received" "weekday" "1"', True),
        ('date :originalzone "received" "hour" "15"', True),
        ('date "received" "hour" "09"', True),
        # Only one field is looked at.
        ('date "received" "weekday" "0"', False),
        ('date :index 3 "received" "weekday" "0"', True),
        ('date :index 1 :last "received" "weekday" "0"', True),
        ('date :index 1 :last :originalzone "received" "zone" "-0500"', True),
        ('date :index 4 "received" "weekday" "0"', False),
        ('date :index 4 :last "received" "weekday" "1"', False),
        ('date :value "gt" :index 2 :zone "-0500" "received" "iso8601" "2007-02-26T09:00:00-05:00"', False),
        ('date :value "gt" :index 1 :zone "-0500" "received" "iso8601" "2007-02-26T09:00:00-05:00"', True),
        # No field, no date, and none of the calendar.
        ('date "resent-date" "year" "2007"', False),
        ('date "x-none" "year" ["", "0"]', False),
        ('date "from" "year" "2007"', False),
        ('not date :value "ne" "resent-date" "year" "1"', True),
        ('date :count "eq" "date" "year" "1"', True),
        ('date :count "eq" "resent-date" "year" "0"', True),
        ('date :count "eq" "x-none" "year" "0"', True),
        ('date :value "eq" :comparator "i;ascii-numeric" "date" "julian" "054156"', True),
        ('date :matches "DATE" "STD11" "sun, 25 feb 2007*"', True),
    ],
)
def test_dates_of_the_message(holds: Callable[..., bool], test: str, is_true: bool) -> None:
    assert holds(test) is is_true


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('currentdate :is "weekday" "2"', True),
        ('currentdate :value "ge" "hour" "17"', True),
        ('currentdate :zone "+0000" "date" "2007-02-28"', True),
        ('currentdate "zone" "-0500"', True),
        ('currentdate "time" "20:15:30"', True),
        ('currentdate :count "eq" "year" "1"', True),
        ('allof (currentdate :value "ge" "date" "2007-02-01", currentdate :value "le" "date" "2007-02-27")', True),
        ('currentdate :value "gt" "date" "2007-02-27"', False),
    ],
)
def test_the_current_date(holds: Callable[..., bool], test: str, is_true: bool) -> None:
    assert holds(test) is is_true


def test_the_server_is_in_its_own_zone(holds: Callable[..., bool]) -> None:
    assert holds('date "date" "hour" "21"', datetime(2007, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("script", "actions"),
    [
        (
            """if currentdate :matches "month" "*" { set "month" "${1}"; }
            if currentdate :matches "year" "*" { set "year" "${1}"; }
            fileinto "${month}-${year}";""",
            ["fileinto 02-2007"],
        ),
        (
            """if currentdate :matches "std11" "*" { addheader "Processed" "${0}"; }
            if header :is "processed" "Tue, 27 Feb 2007 20:15:30 -0500" { discard; }""",
            ["discard"],
        ),
        (
            """if anyof (currentdate "weekday" "0", currentdate "weekday" "6", currentdate :value "lt" "hour" "09",
            currentdate :value "ge" "hour" "17") { redirect "pager@example.com"; }""",
            ["redirect pager@example.com"],
        ),
        (
            """set "zone" "+0000"; set "part" "day"; set "field" "Date";
            if date :zone "${zone}" "${field}" "${part}" "25" { discard; }""",
            ["discard"],
        ),
        ('set "zone" "UTC"; if currentdate :zone "${zone}" "year" "2007" {}', ["failed", "implicit keep"]),
        ('set "part" "age"; if currentdate "${part}" "2007" {}', ["failed", "implicit keep"]),
    ],
)
def test_dates_and_variables_go_together(decide: Decide, script: str, actions: list[str]) -> None:
    now = datetime(2007, 2, 27, 20, 15, 30, tzinfo=EASTERN)
    decided = decide(f"{REQUIRE} {script}", MESSAGE, environment=Environment(now))
    assert [action.partition(":")[0] for action in decided] == actions


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('header :index 2 :contains "received" "08:59"', True),
        ('header :index 1 :contains "received" "08:59"', False),
        ('header :index 2 :last :contains "received" "08:59"', True),
        ('header :index 9 :contains "received" ""', False),
        ('header :index 4 :contains ["received", "from"] "boss"', True),
        ('header :index 1 :last :contains ["from", "received"] "25 Feb"', True),
        ('header :index 2 :count "eq" "received" "1"', True),
        ('address :index 1 "to" "two@example.com"', True),
        ('address :index 2 "to" "two@example.com"', False),
        ('address :index 2 "to" "three@example.com"', True),
        ('address :index 3 ["to", "cc"] "four@example.com"', True),
        ('address :index 1 :last ["cc", "to"] "three@example.com"', True),
    ],
)
def test_index_counts_fields_in_the_order_of_their_names(holds: Callable[..., bool], test: str, is_true: bool) -> None:
    assert holds(test) is is_true


@pytest.mark.parametrize(
    ("script", "mistake"),
    [
        ('if date "date" "year" "1" {}', '"date" needs'),
        ('require "date"; if date "date" "age" "1" {}', 'a date has no part "age", but year, month'),
        ('require "date"; if date :zone "EST" "date" "year" "1" {}', '":zone" takes an offset as "+0100", not "EST"'),
        ('require "date"; if date :zone "+0000" :originalzone "date" "year" "1" {}', "cannot be given together"),
        ('require "date"; if currentdate :originalzone "year" "1" {}', '"currentdate" knows no ":originalzone"'),
        ('require "date"; if date :index 1 "date" "year" "1" {}', '":index" needs'),
        ('require ["date", "index"]; if date :last "date" "year" "1" {}', '":last" needs ":index"'),
        ('require "index"; if header :last "date" "1" {}', '":last" needs ":index"'),
        ('require "index"; if header :index 0 "date" "1" {}', '":index" counts from 1'),
    ],
)
def test_mistakes_are_told(mistakes: Callable[[str], list[str]], script: str, mistake: str) -> None:
    assert mistake in "\n".join(mistakes(script))
