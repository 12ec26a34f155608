import argparse
import pwd
from pathlib import Path

import pytest

from angarium.cli.clientlogin import add_name_arguments, add_proof_arguments, identity_of, is_tls_demanded, tls_wish_of
from angarium.errors import PreparationFailed


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_name_arguments(parser)
    add_proof_arguments(parser, password_option="-w")
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("octets", "secret"), [(b"a b\nrest\n", "a b"), (b"a\r\n", "a"), ("ä".encode(), "ä"), (b"", "")]
)
def test_a_password_is_the_first_line_of_a_file(tmp_path: Path, octets: bytes, secret: str) -> None:
    (tmp_path / "secret").write_bytes(octets)
    arguments = parsed("--password-file", str(tmp_path / "secret"))
    assert identity_of(arguments, certificate=False).secret("password") == secret


def test_a_password_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\n")
    with pytest.raises(PreparationFailed, match="not UTF-8"):
        identity_of(parsed("--password-file", str(tmp_path / "secret")), certificate=False).secret("password")


def test_a_password_is_asked_for_once_and_not_before(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    identity = identity_of(parsed("--password-file", str(file)), certificate=False)
    file.write_text("first\n")
    assert identity.secret("password") == "first"
    file.unlink()
    assert identity.secret("password") == "first"


def test_who_says_nothing_is_who_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> pwd.struct_passwd:
        raise KeyError

    assert identity_of(parsed(), certificate=False).authname != ""
    assert identity_of(parsed("-a", "alice"), certificate=False).authname == "alice"
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert identity_of(parsed(), certificate=False).authname == ""


@pytest.mark.parametrize(("words", "is_verified"), [((), False), (("--verify",), True), (("--ca", "/ca.pem"), True)])
def test_certificates_are_looked_at_where_it_is_asked_for(words: tuple[str, ...], is_verified: bool) -> None:
    arguments = parsed(*words)
    assert tls_wish_of(arguments).is_verified is is_verified
    assert is_tls_demanded(arguments) is is_verified
    assert tls_wish_of(arguments, keyfile="").keyfile is None
