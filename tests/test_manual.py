"""The manual against the program: commands parse, examples load, links lead somewhere, events are those of the log."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from angarium.cli.commandline import COMMANDS, main
from angarium.config import NoticeEvent, load_settings, parse_cyrus_conf, parse_settings
from angarium.config.recognised import recognise
from angarium.config.table import OPTIONS
from angarium.operations.events.names import EventName

ROOT: Final = Path(__file__).parent.parent
MANUAL: Final = ROOT / "docs" / "manual"
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_FENCE: Final = re.compile(r"^```([a-z.]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN: Final = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_OPTION: Final = re.compile(r"([a-z][a-z0-9_-]*):(?: .*)?")
_SERVICES: Final = ("imaps_", "imaplocal_")
"""Names of services in examples, which may stand before an option."""
_NO_OPTIONS: Final = frozenset({"option", "login", "badlogin"})
"""The grammar's own word, and the beginnings of lines in syslog."""


@dataclass(frozen=True, slots=True)
class Example:
    """A fenced block."""

    page: str
    language: str
    text: str


@cache
def examples() -> tuple[Example, ...]:
    found = []
    for page in PAGES:
        found += [Example(page.name, match[1], match[2]) for match in _FENCE.finditer(page.read_text())]
    return tuple(found)


def spans(page: Path) -> list[str]:
    """What stands in backticks outside of examples."""
    return [" ".join(match[1].split()) for match in _SPAN.finditer(_FENCE.sub("", page.read_text()))]


def example_ids(language: str) -> Iterator[object]:
    for number, example in enumerate(example for example in examples() if example.language == language):
        yield pytest.param(example, id=f"{example.page}-{number}")


# Commands


def angarium_words(line: str) -> list[str] | None:
    """The arguments of `angarium` on a line of a shell; None where it is not called."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words = list(lexer)
    for place, word in enumerate(words):
        is_command = place == 0 or words[place - 1] in ("|", ";", "&&", "do")
        if is_command and word.rpartition("/")[2] == "angarium":
            rest = words[place + 1 :]
            end = next((number for number, each in enumerate(rest) if each and set(each) <= set("|;&<>")), len(rest))
            return rest[:end]
    return None


def command_lines() -> Iterator[object]:
    for example in examples():
        if example.language == "sh":
            for line in example.text.replace("\\\n", " ").splitlines():
                words = angarium_words(line)
                if words is not None:
                    yield pytest.param(words, id=f"{example.page}: {' '.join(words)}")
    # The unit of systemd has one too.
    for example in examples():
        for line in re.findall(r"^ExecStart=(.*)$", example.text, re.MULTILINE):
            words = angarium_words(line)
            assert words is not None
            yield pytest.param(words, id=f"{example.page}: {' '.join(words)}")


def commands_in_text() -> Iterator[object]:
    for page in PAGES:
        for span in sorted({span for span in spans(page) if span.startswith("angarium ")}):
            yield pytest.param(shlex.split(span)[1:], id=f"{page.name}: {span}")


def is_understood(words: list[str], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the real parser takes them; the command itself is not carried out."""

    class Parsed(BaseException):
        pass

    def run(_: object) -> int:
        raise Parsed

    command = COMMANDS.get(words[0]) if words else None
    if command is not None:
        monkeypatch.setattr(f"angarium.cli.{command.module}.run", run)
    try:
        main(words)
    except Parsed:
        return True
    except SystemExit as ended:
        return ended.code == 0
    raise AssertionError(f"{words} was carried out")


@pytest.mark.parametrize("words", list(command_lines()))
def test_command_lines_of_examples_are_understood(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_understood(words, monkeypatch)


@pytest.mark.parametrize("words", list(commands_in_text()))
def test_commands_in_the_text_are_understood_or_the_beginning_of_one(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of a command that is only named, `--help` tells whether it is there.
    assert is_understood(words, monkeypatch) or is_understood([*words, "--help"], monkeypatch)


@pytest.mark.parametrize("words", [["nonsense"], ["user", "nonsense"], ["expire", "-Z"], []])
def test_what_is_no_command_is_not_understood(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_understood(words, monkeypatch)


def test_targets_of_make_are_in_the_makefile() -> None:
    targets = {
        target
        for example in examples()
        for target in re.findall(r"^make(?: -C \S+)? (\S+)", example.text, re.MULTILINE)
    }
    makefile = (ROOT / "Makefile").read_text()
    assert targets
    assert not [target for target in targets if f"\n{target}:" not in makefile]


def test_every_command_is_in_the_manual() -> None:
    text = "".join([page.read_text() for page in MANUAL.glob("*.md")])
    assert not [name for name in COMMANDS if f"angarium {name}" not in text and name != "version"]


# Options and examples


@pytest.mark.parametrize("page", sorted(MANUAL.glob("*.md")), ids=lambda page: page.name)
def test_options_that_are_set_in_the_text_are_in_the_table(page: Path) -> None:
    named = {match[1] for span in spans(page) if (match := _OPTION.fullmatch(span))}
    assert not [name for name in named - _NO_OPTIONS if not is_option(name)]


def is_option(name: str) -> bool:
    for service in _SERVICES:
        name = name.removeprefix(service)
    return name in OPTIONS or recognise(name) is not None or name.startswith(("partition-", "xlist-"))


def test_what_is_no_option_is_not_taken_for_one() -> None:
    assert is_option("timeout")
    assert is_option("imaps_timeout")
    assert not is_option("no_such_option")


@pytest.mark.parametrize("example", list(example_ids("imapd.conf")))
def test_examples_of_imapd_conf_load_without_a_word(example: Example) -> None:
    services = {name.removesuffix("_") for name in _SERVICES}
    assert parse_settings(example.text, file=Path("/etc/imapd.conf"), services=services).notices == ()


@pytest.mark.parametrize("example", list(example_ids("cyrus.conf")))
def test_examples_of_cyrus_conf_load_without_a_word(example: Example) -> None:
    conf = parse_cyrus_conf(example.text, file=Path("/etc/cyrus.conf"))
    assert conf.notices == ()
    assert conf.services


@pytest.mark.parametrize("example", list(example_ids("python")))
def test_examples_of_python_compile(example: Example) -> None:
    compile(example.text, example.page, "exec")


def test_every_event_has_an_example() -> None:
    found = [json.loads(example.text)["event"] for example in examples() if example.language == "json"]
    assert sorted(found) == sorted(EventName)


def test_every_example_says_what_it_is() -> None:
    assert {example.language for example in examples()} <= {"sh", "ini", "imapd.conf", "cyrus.conf", "python", "json"}


def test_the_copied_configuration_of_the_manual_is_read_from_files_too(tmp_path: Path) -> None:
    example = next(each for each in examples() if each.page == "install.md" and each.language == "imapd.conf")
    (tmp_path / "imapd.conf").write_text(example.text)
    assert load_settings(tmp_path / "imapd.conf").settings.auth.admins == ("cyrus",)


# Links


def anchors(page: Path) -> set[str]:
    """As GitHub and others make them of headings."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_every_page_of_the_manual_is_reached_from_its_index() -> None:
    linked = set(_LINK.findall((MANUAL / "index.md").read_text()))
    assert {page.name for page in MANUAL.glob("*.md")} - {"index.md"} <= linked


# Events


@cache
def logged_events() -> frozenset[str]:
    """Names of the events that the code logs, and those of notices."""
    found: set[str] = {event.value for event in NoticeEvent}
    for path in (ROOT / "src" / "angarium").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_log(node.func.value):
                values = [each.value for each in node.args if isinstance(each, ast.Constant)]
                found |= {value for value in values if isinstance(value, str)}
    return frozenset(found)


def is_log(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "log"


def described_events() -> set[str]:
    """Those in the tables and lists of the page's part on logs."""
    section = (MANUAL / "operate.md").read_text().partition("\n## Logs\n")[2]
    tables = [line for line in section.splitlines() if line.startswith("| `")]
    named = {name for line in tables for name in re.findall("`([a-z0-9_]+)`", line.split("|")[1])}
    lists = section.partition("\n### Faults of the program\n")[2]
    return named | set(re.findall("`([a-z0-9]+(?:_[a-z0-9]+)+)`", lists))


def test_the_manual_describes_every_event_of_the_log() -> None:
    assert sorted(logged_events() - described_events()) == []


def test_the_manual_describes_no_event_that_is_not_logged() -> None:
    assert sorted(described_events() - logged_events()) == []
