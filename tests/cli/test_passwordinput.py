import argparse
import io
import sys
from collections.abc import Callable

import pytest

from angarium.cli.passwordinput import read_code, read_known_password, read_password
from angarium.errors import PreparationFailed


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def arguments(*, stdin: bool) -> argparse.Namespace:
    return argparse.Namespace(password_stdin=stdin)


def type_at_terminal(monkeypatch: pytest.MonkeyPatch, *typed: str) -> list[str]:
    prompts: list[str] = []
    answers = iter(typed)

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return next(answers)

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", ask)
    return prompts


def test_a_person_types_it_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = type_at_terminal(monkeypatch, "secret", "secret")
    assert read_password(arguments(stdin=False)) == "secret"
    assert len(prompts) == 2


@pytest.mark.parametrize("typed", [("secret", "Secret"), ("", "")])
def test_a_person_who_errs_is_told(monkeypatch: pytest.MonkeyPatch, typed: tuple[str, str]) -> None:
    type_at_terminal(monkeypatch, *typed)
    with pytest.raises(PreparationFailed):
        read_password(arguments(stdin=False))


@pytest.mark.parametrize("read", [read_password, read_code, read_known_password])
@pytest.mark.parametrize("error", [EOFError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "")])
def test_a_person_who_types_nothing_or_no_text_is_told(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[argparse.Namespace], str], error: Exception
) -> None:
    def end(_: str) -> str:
        raise error

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", end)
    with pytest.raises(PreparationFailed, match="cannot be read"):
        read(arguments(stdin=False))


@pytest.mark.parametrize(
    ("data", "password"),
    [
        (b"secret\n", "secret"),
        (b"secret", "secret"),
        (b"secret\r\nmore\n", "secret"),
        (b" secret \n", " secret "),
        ("gehëim\n".encode(), "gehëim"),
        (b"\xff\n", None),
        (b"", None),
        (b"x" * 5000, None),
    ],
)
def test_a_program_writes_one_line(monkeypatch: pytest.MonkeyPatch, data: bytes, password: str | None) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    if password is None:
        with pytest.raises(PreparationFailed):
            read_password(arguments(stdin=True))
    else:
        assert read_password(arguments(stdin=True)) == password
