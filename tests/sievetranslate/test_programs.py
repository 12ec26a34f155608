import pytest

from angarium.sievetranslate.programs import (
    Answers,
    CallsProcmail,
    Delivers,
    FindsDuplicates,
    OtherProgram,
    Program,
    Sends,
    is_address,
    is_local_part,
    program_of,
)


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ("vacation joe", Answers()),
        ("/usr/bin/vacation -t 36h -a a -a b -m file joe", Answers(2, ("a", "b"))),
        ("exec vacation -r1 joe", Answers(1)),
        ("vacation -t 0s joe", Answers(1)),
        ("vacation -t 99w joe", Answers(365)),
        ("sendmail -oi -f x@y.z a@b.c d@e.f", Sends(("a@b.c", "d@e.f"))),
        ("deliver -e -a joe -m user.joe.a.b", Delivers(("a", "b"))),
        ("deliver -e -m user.joe", Delivers(())),
        ("/usr/cyrus/bin/deliver -m a.b joe", Delivers(("a", "b"))),
        ("deliver joe", Delivers(())),
        ("/usr/lib/dovecot/deliver -d joe -m a/b", Delivers(("a", "b"))),
        ("dovecot-lda", Delivers(())),
        ("formail -D 8192 cache", FindsDuplicates()),
        ("IFS= exec /usr/bin/procmail -f-", CallsProcmail()),
    ],
)
def test_programs_that_sieve_stands_in_for_are_known(command: str, program: Program) -> None:
    assert program_of(command.split(), command) == program


@pytest.mark.parametrize(
    "command",
    ["formail -rt | sendmail -oi -t", "formail -b; formail -xr|sendmail\nSENDMAIL -it", "(cat x; vacation joe)"],
)
def test_answers_of_several_programs_are_known(command: str) -> None:
    assert program_of(command.split(), command) == Answers()


@pytest.mark.parametrize(
    "command",
    ["", "spamc", "cat > x", "formail -s cat", "formail -b | cat", "sendmail -t", "sendmail", "deliver -m a", "a | b"],
)
def test_others_are_not(command: str) -> None:
    assert isinstance(program_of(command.split(), command), OtherProgram)


@pytest.mark.parametrize("words", ["formail -a ", "formail ", "formail -r sendmail -"])
def test_a_long_command_is_looked_at_from_few_places(words: str) -> None:
    """From every place, it would take hours."""
    command = "(" + words * 200_000
    assert isinstance(program_of(["("], command), OtherProgram)


@pytest.mark.parametrize(
    ("text", "is_whole", "is_local"),
    [
        ("a@b.c", True, False),
        ("a.b+c@d-e.org", True, False),
        ("joe", False, True),
        ("joe.b", False, True),
        ("a@", False, False),
        ("@b", False, False),
        ("a b@c", False, False),
        ("-x", False, False),
        ("", False, False),
    ],
)
def test_addresses_are_told_apart(text: str, is_whole: bool, is_local: bool) -> None:
    assert (is_address(text), is_local_part(text)) == (is_whole, is_local)
