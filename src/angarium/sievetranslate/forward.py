"""A file of the name .forward as a Sieve script: addresses, programs, files and the user's own mailbox.

The forms are those of sendmail, which others took over, and Exim's `:fail:` and `:blackhole:`. Where something cannot
be translated the mail is kept besides, so that none is lost.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from angarium.sieve import Limits, ScriptInvalid, parse_script
from angarium.sievetranslate.conditions import NotTranslatable
from angarium.sievetranslate.deliveries import answer, file_into, full_address
from angarium.sievetranslate.folders import HOME, Folder, FolderRefused, Place, folder_named, folder_of
from angarium.sievetranslate.programs import Answers, CallsProcmail, Delivers, Sends, is_local_part, program_of
from angarium.sievetranslate.shellwords import ValueUnknown, Variables, split_words
from angarium.sievetranslate.sievetext import Command, Comment, Statement, quoted, script_text
from angarium.sievetranslate.translation import (
    Remark,
    SourceRefused,
    Surroundings,
    Translation,
    Verdict,
    read_source,
)

_EXIM_FILTER: Final = re.compile(r"#\s*(Exim|Sieve)\s+filter", re.IGNORECASE)
_ITEM: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*+"|\\.|[^",\\])+', re.DOTALL)
_SPECIAL: Final = re.compile(r":(include|fail|blackhole|defer|unknown|error):\s*(.*)", re.DOTALL)
_MAX_ITEMS: Final = 1000
_LIMITS: Final = Limits(script_octets=1 << 24)


@dataclass(frozen=True, slots=True)
class _Item:
    line: int
    text: str


@dataclass(slots=True)
class _Destinations:
    """What the items ask for, together."""

    addresses: list[str] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    others: list[Statement] = field(default_factory=list)
    refusal: str | None = None
    keeps: bool = False
    discards: bool = False
    requires: set[str] = field(default_factory=set)
    remarks: list[Remark] = field(default_factory=list)

    @property
    def has_losses(self) -> bool:
        return any(remark.verdict is Verdict.LEFT_OUT for remark in self.remarks)


def translate_forward(octets: bytes, surroundings: Surroundings) -> Translation:
    """The script, which always parses. SourceRefused for what is no list of addresses."""
    text = read_source(octets)
    kind = _EXIM_FILTER.match(text)
    if kind is not None:
        what = "is a Sieve script already" if kind[1].lower() == "sieve" else "is a filter of Exim, another language"
        raise SourceRefused(f"the file {what}")
    found = _Destinations()
    statements: list[Statement] = []
    for item in _items(text):
        try:
            _add(item.text, found, item.line, surroundings)
        except (NotTranslatable, FolderRefused, ValueUnknown) as refused:
            found.remarks.append(Remark(item.line, Verdict.LEFT_OUT, str(refused)))
            statements.append(Comment(f"NOT TRANSLATED, line {item.line}: {refused}\n    {item.text}"))
    statements += _commands(found)
    script = script_text("Translated from .forward.", found.requires, statements)
    try:
        parse_script(script.encode(errors="replace"), limits=_LIMITS)
    except ScriptInvalid as invalid:
        raise SourceRefused(f"no script can say this: {invalid.mistakes[0].text}") from invalid
    return Translation(script, tuple(found.remarks))


def _items(text: str) -> Iterator[_Item]:
    """What stands between commas and on lines of their own."""
    count = 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("#"):
            continue
        for match in _ITEM.finditer(line):
            item = match[0].strip()
            if item:
                count += 1
                if count > _MAX_ITEMS:
                    raise SourceRefused(f"it names more than {_MAX_ITEMS} destinations")
                yield _Item(number, item)


def _add(text: str, found: _Destinations, line: int, surroundings: Surroundings) -> None:
    """NotTranslatable, FolderRefused, ValueUnknown."""
    text = _unquoted(text)
    special = _SPECIAL.fullmatch(text)
    if special is not None:
        _add_special(special[1], special[2].strip(), found)
    elif text.startswith("|"):
        _add_program(text[1:].strip(), found, line, surroundings)
    elif text.startswith(("/", "~")):
        _add_file(text, found, surroundings)
    else:
        _add_address(text, found, surroundings)


def _unquoted(text: str) -> str:
    """Without quotes around the whole, or behind the mark of a program."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1]).strip()
    if text.startswith("|") and len(text) > 2 and text[1:].lstrip().startswith('"') and text.endswith('"'):
        return "|" + text[1:].strip()[1:-1]
    return text


def _add_special(word: str, text: str, found: _Destinations) -> None:
    match word:
        case "blackhole":
            found.discards = True
        case "fail":
            found.refusal = text or "This mail is not accepted."
        case "include":
            raise NotTranslatable(f"it takes addresses from another file, {text}")
        case _:
            raise NotTranslatable(f"Sieve has nothing like :{word}:")


def _add_address(text: str, found: _Destinations, surroundings: Surroundings) -> None:
    is_final = text.startswith("\\")
    address = text.removeprefix("\\")
    name, _, domain = address.partition("@")
    is_own = surroundings.user is not None and name == surroundings.user and domain in ("", surroundings.domain)
    if is_own or (is_final and not domain and is_local_part(name) and surroundings.user in (None, name)):
        found.keeps = True
        return
    shown = re.fullmatch(r"[^<>]*<([^<>]+)>", address)
    found.addresses.append(full_address(shown[1] if shown else address, surroundings))


def _add_file(path: str, found: _Destinations, surroundings: Surroundings) -> None:
    place = folder_of(path, HOME, surroundings)
    if isinstance(place, Folder):
        found.folders.append(place)
    elif place is Place.NOWHERE:
        found.discards = True
    else:
        found.keeps = True


def _add_program(command: str, found: _Destinations, line: int, surroundings: Surroundings) -> None:
    words = split_words(command, Variables({"HOME": HOME, "USER": surroundings.user, "LOGNAME": surroundings.user}))
    program = program_of(words, command)
    match program:
        case Answers():
            delivery = answer(program, surroundings)
            found.others += delivery.statements
            found.requires |= delivery.requires
            if delivery.missing:
                found.remarks.append(Remark(line, Verdict.LEFT_OUT, delivery.missing))
        case Sends(addresses):
            found.addresses += [full_address(each, surroundings) for each in addresses]
        case Delivers(()):
            found.keeps = True
        case Delivers(names):
            found.folders.append(folder_named(list(names), surroundings))
        case CallsProcmail():
            raise NotTranslatable("it calls procmail; translate the .procmailrc by from-procmail")
        case _:
            raise NotTranslatable(f"Sieve runs no programs ({command})")


def _commands(found: _Destinations) -> list[Statement]:
    """Commands for all destinations; whatever is not known to be delivered elsewhere is kept."""
    statements: list[Statement] = list(found.others)
    goes_on = found.keeps or bool(found.folders) or found.has_losses
    addresses = list(dict.fromkeys(found.addresses))
    if goes_on and addresses:
        found.requires.add("copy")
    statements += [Command(f"redirect{' :copy' if goes_on else ''} {quoted(address)}") for address in addresses]
    if found.folders:
        found.requires |= {"fileinto", "mailbox"}
    for folder in dict.fromkeys(found.folders):
        statements += file_into(folder, copies=False).statements
    if found.keeps:
        statements.append(Command("keep"))
    elif found.has_losses and (addresses or found.folders or found.discards or found.refusal is not None):
        statements.append(Comment("Kept, since not all destinations of the mail could be translated."))
        statements.append(Command("keep"))
    elif addresses or found.folders:
        pass
    elif found.refusal is not None:
        found.requires.add("ereject")
        statements.append(Command(f"ereject {quoted(found.refusal)}"))
    elif found.discards:
        statements.append(Command("discard"))
    return statements
