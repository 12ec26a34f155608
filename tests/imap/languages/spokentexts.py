"""What the server can say, found in its source: every literal of the package `imap` that reads like a text."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final

import angarium.imap
from angarium.imap.commands import NotifyEvent
from angarium.imap.grammar import COMMANDS, UID_COMMANDS

SOURCE: Final = Path(angarium.imap.__file__).parent
VALUE: Final = b"17"
"""Stands for what is not known before."""

NO_TEXTS: Final = {
    b" (not recorded)\r\n": "for the telemetry file",
    b"Angarium": "a name",
    b"CHANGEDSINCE": "a word of the protocol, as the next two",
    b"MODSEQ fetch": "",
    b"MODSEQ search": "",
    b"Filter": "where a grammar is used for what is no command",
    b"Section": "",
    b"Ok": "the same in all languages",
    b"Too many connections": "said before there is a session",
}

_FIELD: Final = re.compile(rb"%(?:[-+ 0#]*[0-9]*(?:\.[0-9]+)?[bdifsx]|%)")
_WORD: Final = re.compile(rb"[A-Z][a-z]+(?:[A-Z][a-z]+)*")
_MONTHS: Final = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_NAMES: Final = {
    *[entry.title for entry in (*COMMANDS.values(), *UID_COMMANDS.values())],
    *[event.value for event in NotifyEvent],
    *_MONTHS,
}


def spoken_texts() -> set[bytes]:
    """All of them, with VALUE where something is put in."""
    texts: set[bytes] = set()
    for path in sorted(SOURCE.rglob("*.py")):
        if path.parent.name != "languages":
            found = [text for node in _expressions(ast.parse(path.read_text())) for text in _values(node)]
            texts.update(text + VALUE if text.endswith(b": ") else text for text in found if is_text(text))
    return texts - _NAMES - NO_TEXTS.keys()


def is_text(octets: bytes) -> bool:
    """Whether it reads like words, and not like syntax."""
    return (b" " in octets and re.search(rb"[a-z]{2}", octets) is not None) or _WORD.fullmatch(octets) is not None


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    """The largest expressions that are made of bytes; not patterns."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "compile":
        return
    if isinstance(node, ast.BinOp | ast.Constant) and _is_bytes(node):
        yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from _expressions(child)


def _is_bytes(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=bytes()):
            return True
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _is_bytes(left) or _is_bytes(right)
        case ast.BinOp(left=left, op=ast.Mod()):
            return _is_bytes(left)
        case _:
            return False


def _values(node: ast.expr) -> list[bytes]:
    match node:
        case ast.Constant(value=bytes() as octets):
            return [_FIELD.sub(lambda match: b"%" if match[0] == b"%%" else VALUE, octets)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [first + second for first, second in product(_values(left), _values(right))]
        case ast.BinOp(left=left, op=ast.Mod()):
            return _values(left)
        case ast.IfExp(body=body, orelse=other):
            return _values(body) + _values(other)
        case _:
            return [VALUE]
