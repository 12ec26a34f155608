"""snooze (draft-ietf-extra-sieve-snooze), and the log of Cyrus."""

from collections.abc import Callable

import pytest

from angarium.sieve import LogLine, Origin, Outcome, Position, Snooze

Run = Callable[..., Outcome]
Mistakes = Callable[[str], list[str]]

REQUIRE = 'require ["snooze", "imap4flags", "mailbox", "special-use", "mailboxid", "variables"];\n'


def snoozed(run_script: Run, text: str) -> Snooze:
    outcome = run_script(text)
    assert outcome.failure is None
    (action,) = outcome.actions
    assert isinstance(action, Snooze)
    return action


def test_the_examples(run_script: Run) -> None:
    action = snoozed(
        run_script,
        'require "snooze"; snooze :weekdays ["1", "3", "5", "2", "4"] :tzid "Australia/Melbourne"'
        ' ["12:00:00", "08:00:00", "16:00:00"];',
    )
    assert (action.weekdays, action.zone) == ((1, 2, 3, 4, 5), "Australia/Melbourne")
    assert action.times == ("08:00:00", "12:00:00", "16:00:00")
    assert (action.mailbox, action.mailbox_id, action.special_use, action.create) == (None, None, None, False)
    action = snoozed(run_script, 'require "vnd.cyrus.snooze"; snooze :tzid "America/New_York" "01:30:00";')
    assert (action.weekdays, action.zone, action.times) == ((), "America/New_York", ("01:30:00",))


def test_where_it_comes_back_and_how(run_script: Run) -> None:
    action = snoozed(
        run_script,
        REQUIRE
        + 'setflag "\\\\Important \\\\Flagged"; set "b" "Back"; snooze :removeflags "\\\\Seen" :addflags ["a", "b"]'
        ' :mailbox "${b}" :create :specialuse "\\\\Archive" "09:00:00";',
    )
    assert (action.mailbox, action.create, action.special_use) == ("Back", True, "\\Archive")
    assert (action.flags, action.add_flags, action.remove_flags) == (("\\Flagged",), ("a", "b"), ("\\Seen",))


@pytest.mark.parametrize(
    ("command", "mistake"),
    [
        ("snooze;", '"snooze" needs a string or a list of strings for its times'),
        ('snooze "9:00:00";', '"snooze" takes times of the day as "08:30:00", not "9:00:00"'),
        ('snooze "24:00:00";', '"snooze" takes times of the day as "08:30:00", not "24:00:00"'),
        ('snooze :weekdays "7" "09:00:00";', '"snooze" takes days of the week, "0" to "6", not "7"'),
        ('snooze :tzid "Middle/Earth" "09:00:00";', 'there is no time zone "Middle/Earth"'),
        ('snooze :tzid "../../etc/passwd" "09:00:00";', 'there is no time zone "../../etc/passwd"'),
        ('snooze :create "09:00:00";', '":create" needs ":mailbox" here'),
        (
            'snooze :mailboxid "F1" :specialuse "\\\\Junk" "09:00:00";',
            '":specialuse" cannot be given together with ":mailboxid"',
        ),
    ],
)
def test_mistakes(mistakes: Mistakes, command: str, mistake: str) -> None:
    (found,) = mistakes(REQUIRE + command)
    assert found.partition(": ")[2] == mistake


@pytest.mark.parametrize(
    ("value", "command"),
    [("9", 'snooze "${v}";'), ("x", 'snooze :tzid "${v}" "09:00:00";'), ("8", 'snooze :weekdays "${v}" "09:00:00";')],
)
def test_what_variables_make_wrong_is_an_error_of_the_run(run_script: Run, value: str, command: str) -> None:
    outcome = run_script(f'{REQUIRE}set "v" "{value}"; {command}')
    assert outcome.failure is not None
    assert f'"{value}"' in outcome.failure.reason


def test_a_mail_is_not_snoozed_and_rejected(run_script: Run) -> None:
    outcome = run_script('require ["snooze", "reject"]; snooze "09:00:00"; reject "no";')
    assert outcome.failure is not None


def test_lines_for_the_log(run_script: Run) -> None:
    text = 'require ["vnd.cyrus.log", "variables"];\nset "a" "b"; log "a ${a}"; stop; log "never";'
    outcome = run_script(text)
    assert outcome.log == (LogLine(Origin("", Position(2, 14)), "a b"),)
    assert len(outcome.actions) == 1
