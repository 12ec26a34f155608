import errno
import os
import time
from pathlib import Path

import pytest
from tests.cli.stores import Answer, CommandLine

from angarium.cli import sieveimport


@pytest.fixture
def sievedir(tmp_path: Path) -> Path:
    """Scripts of joe's, of somebody who is gone, and of the site."""
    joe = tmp_path / "sieve" / "j" / "joe"
    joe.mkdir(parents=True)
    (joe / "main.script").write_text('require "fileinto";\nfileinto "Spam";\n')
    (joe / "main.bc").write_bytes(b"\x00")
    (joe / "defaultbc").symlink_to("main.bc")
    (joe / "spare.script").write_text("discard;\n")
    (tmp_path / "sieve" / "global").mkdir()
    (tmp_path / "sieve" / "global" / "site.script").write_text("stop;\n")
    return tmp_path / "sieve"


class Importing:
    """`angarium sieve` on one store."""

    def __init__(self, angarium: CommandLine, store: Path) -> None:
        self._angarium = angarium
        self._store = store

    def __call__(self, *words: str | Path, stdin: str = "") -> Answer:
        return self._angarium("sieve", words[0], "--dir", self._store, *words[1:], stdin=stdin)


@pytest.fixture
def sieve(store: Path, angarium: CommandLine) -> Importing:
    assert angarium("user", "add", "joe", "--password-stdin", "--dir", store, stdin="secret\n").status == os.EX_OK
    return Importing(angarium, store)


def test_scripts_are_taken_over_with_the_active_one(sieve: Importing, sievedir: Path) -> None:
    answer = sieve("import", sievedir)
    assert (answer.status, answer.err) == (os.EX_OK, "")
    assert answer.out.splitlines() == [
        "global: site: stored",
        "joe: main: stored",
        "joe: spare: stored",
        "joe: main is the active script now",
        "3 stored; 0 unchanged; 0 kept as they are, since the store has newer ones; 0 not stored",
    ]
    assert sieve("list", "joe").out == "main\tactive\nspare\n"
    assert sieve("get", "joe").out == 'require "fileinto";\nfileinto "Spam";\n'
    assert sieve("get", "--global", "site").out == "stop;\n"
    again = sieve("import", sievedir)
    assert again.status == os.EX_OK
    assert again.out.splitlines()[-1].startswith("0 stored; 3 unchanged; ")


def test_what_is_newer_in_the_store_is_kept_unless_it_is_to_be_replaced(sieve: Importing, sievedir: Path) -> None:
    file = sievedir / "j" / "joe" / "main.script"
    sieve("put", "joe", "main", stdin="keep;\n")
    sieve("put", "--activate", "joe", "mine", stdin="keep;\n")
    past_s = time.time() - 1000
    os.utime(file, (past_s, past_s))
    answer = sieve("import", sievedir)
    assert answer.status == os.EX_OK
    assert "joe: main: kept" in answer.out
    assert "joe: mine stays the active script, and main is not\n" in answer.out
    assert sieve("get", "joe", "main").out == "keep;\n"
    assert sieve("import", "--replace", sievedir).status == os.EX_OK
    assert sieve("list", "joe").out == "main\tactive\nmine\nspare\n"
    assert sieve("get", "joe").out == file.read_text()


def test_what_is_older_in_the_store_is_replaced(sieve: Importing, sievedir: Path) -> None:
    sieve("put", "joe", "spare", stdin="keep;\n")
    future_s = time.time() + 1000
    os.utime(sievedir / "j" / "joe" / "spare.script", (future_s, future_s))
    assert "joe: spare: stored" in sieve("import", sievedir).out
    assert sieve("get", "joe", "spare").out == "discard;\n"


def test_what_does_not_compile_is_reported_with_its_place_and_never_stored(sieve: Importing, sievedir: Path) -> None:
    file = sievedir / "j" / "joe" / "main.script"
    file.write_text("keep;\n  nonsense;\n")
    answer = sieve("import", sievedir)
    assert answer.status == os.EX_DATAERR
    lines = answer.err.splitlines()
    assert lines[0].startswith(f"{file}:2:3: ")
    assert lines[1:3] == ["      nonsense;", "      ^"]
    assert lines[3] == "angarium: joe: main was the active script, and is not stored; none was made active"
    assert answer.out.splitlines()[-1].endswith("; 1 not stored")
    assert sieve("list", "joe").out == "spare\n"


def test_what_is_for_nobody_is_said(sieve: Importing, sievedir: Path, tmp_path: Path) -> None:
    for directory in ("g/gone", "domain/e/example.net/global", "uuid/q/a", "x/a b%"):
        (sievedir / directory).mkdir(parents=True)
        (sievedir / directory / "x.script").write_text("keep;\n")
    (sievedir / "j" / "joe" / f"{'x' * 200}.script").write_text("keep;\n")
    answer = sieve("import", sievedir)
    assert answer.status == os.EX_DATAERR
    assert "angarium: gone: there is no such user, or she has no mailbox\n" in answer.err
    assert "example.net: no user is of this domain by virtdomains, and could include its scripts\n" in answer.err
    assert f"{sievedir}/uuid: Cyrus 3.6" in answer.err
    assert "a script's name has 128 characters at most" in answer.err
    assert answer.out.splitlines()[-1].endswith("; 4 not stored")
    missing = sieve("import", tmp_path / "nowhere")
    assert missing.status != os.EX_OK
    assert "is no directory" in missing.err


def test_scripts_of_a_domain_are_the_sites_for_its_users(sieve: Importing, store: Path, sievedir: Path) -> None:
    with (store / "imapd.conf").open("a") as conf:
        conf.write("virtdomains: userid\ndefaultdomain: example.com\n")
    for domain in ("example.net", "example.com"):
        directory = sievedir / "domain" / "e" / domain / "global"
        directory.mkdir(parents=True)
        (directory / "site.script").write_text("keep;\n")
    answer = sieve("import", sievedir)
    assert answer.err.startswith("angarium: example.com: no user is of this domain by virtdomains")
    assert answer.out.splitlines()[-2] == "global: site@example.net: stored"
    assert answer.out.splitlines()[-1].endswith("; 1 not stored")
    assert sieve("get", "--global", "site@example.net").out == "keep;\n"
    assert sieve("get", "--global", "site").out == "stop;\n"
    assert "global: site@example.net: unchanged" in sieve("import", sievedir).out


def test_one_that_cannot_be_taken_keeps_none_of_the_others_away(
    sieve: Importing, sievedir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Path(os.fsdecode(b"%b/a/caf\xe9" % os.fsencode(sievedir)))  # before joe's, and in Latin 1
    nobody.mkdir(parents=True)
    (nobody / "x.script").write_text("keep;\n")

    def read(name: str) -> bytes:
        if name.endswith("main.script"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), name)
        return Path(name).read_bytes()

    monkeypatch.setattr(sieveimport, "read_file", read)
    answer = sieve("import", sievedir)
    assert answer.status == os.EX_DATAERR
    assert answer.err.splitlines() == [
        "angarium: caf\ufffd: the text holds a prohibited character",
        f"angarium: {sievedir}/j/joe/main.script: Input/output error",
        "angarium: joe: main was the active script, and is not stored; none was made active",
    ]
    assert answer.out.splitlines()[-1].startswith("2 stored; ")
    assert answer.out.splitlines()[-1].endswith("; 2 not stored")


def test_the_directory_may_be_told_by_the_options(sieve: Importing, store: Path, sievedir: Path) -> None:
    with (store / "imapd.conf").open("a") as conf:
        conf.write(f"sievedir: {sievedir}\n")
    assert sieve("import").out.splitlines()[-1].startswith("3 stored; ")
