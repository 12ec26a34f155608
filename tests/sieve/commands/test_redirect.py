"""redirect with redirect-dsn and redirect-deliverby, and what RFC 6009 adds to envelope."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from angarium.sieve import Envelope, Environment, Outcome, Redirect

Run = Callable[..., Outcome]
Decide = Callable[..., list[str]]
Mistakes = Callable[[str], list[str]]

REQUIRE = 'require ["copy", "redirect-dsn", "redirect-deliverby", "variables"]; '


def redirected(run_script: Run, tags: str) -> tuple[str | None, str | None, str | None, str, bool]:
    action = run_script(f'{REQUIRE} redirect {tags} "elsewhere@example.com";').actions[0]
    assert isinstance(action, Redirect)
    return action.notify, action.ret, action.by_time, action.by_mode, action.by_trace


@pytest.mark.parametrize(
    ("tags", "values"),
    [
        ("", (None, None, None, "", False)),
        (':copy :notify "NEVER"', ("NEVER", None, None, "", False)),
        (':notify "success,Delay"', ("SUCCESS,DELAY", None, None, "", False)),
        (':ret "hdrs"', (None, "HDRS", None, "", False)),
        (":bytimerelative 600", (None, None, "600", "R", False)),
        (':bytrace :bytimerelative 600 :bymode "notify"', (None, None, "600", "N", True)),
        (':bytimeabsolute "2026-11-21T22:00:00Z"', (None, None, "2026-11-21T22:00:00Z", "R", False)),
        (':bytimeabsolute "2016-12-31t23:59:60.25z"', (None, None, "2016-12-31T23:59:59.25Z", "R", False)),
        (':bytimeabsolute "2026-11-21T22:00:00+0100"', (None, None, "2026-11-21T22:00:00+0100", "R", False)),
    ],
)
def test_how_it_is_to_be_sent(run_script: Run, tags: str, values: tuple[object, ...]) -> None:
    assert redirected(run_script, tags) == values


@pytest.mark.parametrize(
    ("command", "mistake"),
    [
        (':notify "NO"', '":notify" takes "NEVER", or some of "SUCCESS", "FAILURE" and "DELAY", not "NO"'),
        (':ret "body"', '":ret" takes "FULL" or "HDRS", not "body"'),
        (':bymode "return"', '":bymode" needs ":bytimerelative" or ":bytimeabsolute"'),
        (":bytrace", '":bytrace" needs ":bytimerelative" or ":bytimeabsolute"'),
        (':bytimerelative 6 :bymode "drop"', '":bymode" takes "notify" or "return", not "drop"'),
        *(
            (f':bytimeabsolute "{time}"', f'":bytimeabsolute" takes a date and time of RFC 3339, not "{time}"')
            for time in ("2026-02-31T10:00:00Z", "0000-01-01T00:00:00Z", "2026-11-21T24:00:00Z")
        ),
        (':bytimeabsolute "tomorrow"', '":bytimeabsolute" takes a date and time of RFC 3339, not "tomorrow"'),
        (':bytimerelative 6 :bytimeabsolute "x"', '":bytimeabsolute" cannot be given together with ":bytimerelative"'),
    ],
)  # fmt: skip
def test_mistakes(mistakes: Mistakes, command: str, mistake: str) -> None:
    (found,) = mistakes(f'{REQUIRE} redirect {command} "a@example.com";')
    assert found.partition(": ")[2] == mistake


def test_a_value_with_variables_is_checked_when_it_is_known(decide: Decide) -> None:
    text = REQUIRE + 'set "ret" "x"; redirect :ret "${ret}" "a@example.com";'
    assert decide(text) == ['failed: ":ret" takes "FULL" or "HDRS", not "x"', "implicit keep"]


NOW = datetime(2026, 11, 21, 13, 0, 0, tzinfo=timezone(timedelta(hours=1)))


def envelope(**given: str) -> Envelope:
    return Envelope("bob@example.net", "alice@example.org", dsn=given)


DSN = envelope(notify="SUCCESS,FAILURE", orcpt="rfc822;alice@example.com", ret="FULL", envid="id+1")
BY = envelope(bytimerelative="600", bymode="R", bytrace="T")
LATE = envelope(bytimerelative="-5", bymode="N")


@pytest.mark.parametrize(
    ("given", "test", "result"),
    [
        # §4.1
        (DSN, 'envelope "notify" "SUCCESS"', True),
        (DSN, 'envelope "notify" "NEVER"', False),
        (DSN, 'allof (envelope "notify" "FAILURE", envelope % :count "eq" "notify" "1")', False),
        (envelope(notify="FAILURE"), 'allof (envelope "notify" "FAILURE", envelope % :count "eq" "notify" "1")', True),
        (DSN, 'envelope :matches "orcpt" "rfc822;*@example.com"', True),
        (DSN, 'envelope "RET" "full"', True),
        (DSN, 'envelope :comparator "i;octet" "envid" "id+1"', True),
        (DSN, 'envelope % :count "eq" ["orcpt", "ret", "envid", "notify"] "5"', True),
        (envelope(), 'envelope % :count "eq" ["orcpt", "ret", "envid", "notify"] "0"', True),
        (envelope(), 'envelope :contains ["orcpt", "ret", "envid", "notify"] ""', False),
        # §5
        (BY, 'envelope "bytimerelative" "600"', True),
        (BY, 'envelope "bytimeabsolute" "2026-11-21T13:10:00+01:00"', True),
        (BY, 'envelope :zone "+0000" "bytimeabsolute" "2026-11-21T12:10:00Z"', True),
        (BY, 'envelope :zone "-0130" "bytimeabsolute" "2026-11-21T10:40:00-01:30"', True),
        (BY, 'envelope "bymode" "return"', True),
        (LATE, 'envelope "bymode" "notify"', True),
        (BY, 'envelope "bytrace" "trace"', True),
        (LATE, 'envelope "bytrace" ""', True),
        (LATE, 'envelope % :count "eq" ["bymode", "bytrace", "bytimerelative"] "3"', True),
        (LATE, 'anyof (envelope :contains "bytimerelative" "-", envelope % :value "eq" "bytimerelative" "0")', True),
        (BY, 'anyof (envelope :contains "bytimerelative" "-", envelope % :value "eq" "bytimerelative" "0")', False),
        (DSN, 'envelope :contains ["bytimerelative", "bytimeabsolute", "bymode", "bytrace"] ""', False),
    ],
)
def test_the_envelope_tells_of_reports_and_limits(decide: Decide, given: Envelope, test: str, result: bool) -> None:
    require = 'require ["envelope", "envelope-dsn", "envelope-deliverby", "relational", "comparator-i;ascii-numeric"];'
    test = test.replace("%", ':comparator "i;ascii-numeric"')
    text = f"{require} if {test} {{ discard; }}"
    assert decide(text, envelope=given, environment=Environment(NOW)) == ["discard" if result else "implicit keep"]


def test_a_zone_of_nothing_is_utc(decide: Decide) -> None:
    text = (
        'require ["envelope", "envelope-deliverby"]; if envelope "bytimeabsolute" "2026-11-21T12:10:00Z" { discard; }'
    )
    environment = Environment(NOW.astimezone(UTC))
    assert decide(text, envelope=BY, environment=environment) == ["discard"]


@pytest.mark.parametrize(
    ("test", "mistake"),
    [
        ('envelope :localpart "orcpt" "a"', '"orcpt" is no address, and has no ":localpart"'),
        ('envelope :all ["from", "bymode"] "a"', '"bymode" is no address, and has no ":all"'),
        ('envelope :zone "UTC" "bytimeabsolute" "a"', '":zone" takes an offset as "+0100", not "UTC"'),
        ('envelope :zone "+9900" "bytimeabsolute" "a"', '":zone" takes an offset as "+0100", not "+9900"'),
    ],
)
def test_mistakes_of_envelopes(mistakes: Mistakes, test: str, mistake: str) -> None:
    (found,) = mistakes(f'require ["envelope", "envelope-dsn", "envelope-deliverby"]; if {test} {{}}')
    assert found.partition(": ")[2] == mistake


def test_parts_of_extensions_need_them(mistakes: Mistakes) -> None:
    (found,) = mistakes('require "envelope"; if envelope "notify" "NEVER" {}')
    assert found.startswith('line 1, column 33: the part "notify" needs \'require "envelope-dsn";\'')
