"""Scripts as they run: what the options allow, and what is remembered of them."""

import threading

import pytest

from angarium import sieve
from angarium.config.options import SIEVE_EXTENSIONS, SieveSettings
from angarium.engine.rows import AccountId, ModSeq
from angarium.engine.scripts import ScriptRow
from angarium.operations.scripts import CheckedScripts, allowed_extensions, checked, script_limits
from angarium.sieve import Limits, Script, ScriptInvalid, parse_script

pytestmark = pytest.mark.usefixtures("runner")

ALICE = AccountId("a" * 24)


def row(text: str, *, modseq: int = 1, name: str = "main") -> ScriptRow:
    return ScriptRow(name, text.encode(), True, ModSeq(modseq), 0)


def test_all_is_allowed_but_what_has_no_place_to_look() -> None:
    assert set(sieve.CAPABILITIES) - allowed_extensions(SieveSettings()) == {"extlists"}


def test_each_word_of_the_option_means_something() -> None:
    for word in set(SIEVE_EXTENSIONS) - {"extlists"}:
        named = allowed_extensions(SieveSettings(sieve_extensions=(word,)))
        assert named - allowed_extensions(SieveSettings(sieve_extensions=())), word


@pytest.mark.parametrize(
    ("word", "capabilities"),
    [("reject", {"reject", "ereject"}), ("notify", {"notify", "enotify"}), ("fileinto", {"fileinto"})],
)
def test_a_word_may_stand_for_several(word: str, capabilities: set[str]) -> None:
    always = allowed_extensions(SieveSettings(sieve_extensions=()))
    assert allowed_extensions(SieveSettings(sieve_extensions=(word,))) - always == capabilities


def test_limits_are_those_of_the_options() -> None:
    limits = script_limits(SieveSettings(sieve_maxredirects=1, sieve_maxscriptsize=2048))
    assert (limits.redirects, limits.script_octets) == (1, 2048)


async def test_what_is_not_allowed_is_a_mistake() -> None:
    scripts = CheckedScripts(SieveSettings(sieve_extensions=("fileinto",)))
    with pytest.raises(ScriptInvalid, match="vacation"):
        await scripts.check(b'require "vacation";')


async def test_a_script_is_read_once_until_it_changes() -> None:
    scripts = CheckedScripts(SieveSettings())
    first = await scripts.get(ALICE, row("keep;"))
    assert isinstance(first, Script)
    assert await scripts.get(ALICE, row("keep;")) is first
    assert await scripts.get(ALICE, row("stop;", modseq=2)) is not first
    assert await scripts.get("site", row("discard;")) is not first


async def test_one_that_cannot_be_used_is_remembered_as_such() -> None:
    scripts = CheckedScripts(SieveSettings())
    invalid = await scripts.get(ALICE, row("nonsense;"))
    assert isinstance(invalid, ScriptInvalid)
    assert await scripts.get(ALICE, row("nonsense;")) is invalid


async def test_a_long_script_is_read_beside_the_loop() -> None:
    text = "".join(f'if header :is "subject" "{number}" {{ discard; }}\n' for number in range(500))
    assert isinstance(await CheckedScripts(SieveSettings()).get(ALICE, row(text)), Script)


async def test_scripts_of_one_name_and_number_are_not_taken_for_one_another() -> None:
    scripts = CheckedScripts(SieveSettings())
    own = await scripts.get(ALICE, row("keep;"))
    assert await scripts.get(ALICE, row("discard;")) is not own


async def test_large_scripts_that_are_kept_are_fewer() -> None:
    scripts = CheckedScripts(SieveSettings())
    comment = "#" + "x" * 30_000 + "\nkeep;"
    first = await scripts.get(ALICE, row(comment, name="0"))
    for number in range(1, 600):
        await scripts.get(ALICE, row(comment, name=str(number)))
    assert await scripts.get(ALICE, row(comment, name="0")) is not first


@pytest.mark.parametrize(("octets", "is_in_thread"), [(256, False), (257, True)])
async def test_one_that_may_take_long_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch, octets: int, is_in_thread: bool
) -> None:
    threads: list[threading.Thread] = []

    def parse(content: bytes, *, limits: Limits, extensions: frozenset[str], name: str) -> Script:
        threads.append(threading.current_thread())
        return parse_script(content, limits=limits, extensions=extensions, name=name)

    monkeypatch.setattr(checked, "parse_script", parse)
    await CheckedScripts(SieveSettings()).check(b"keep;".ljust(octets))
    assert [each is not threading.main_thread() for each in threads] == [is_in_thread]
