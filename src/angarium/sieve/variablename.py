"""Names of variables where a command says which one it changes (RFC 5229 §4, RFC 6609 §3.4)."""

import re

from angarium.sieve.arguments import Arguments
from angarium.sieve.text import Text, Variable

_NAME = re.compile(r"(?:(?P<namespace>[a-z0-9_.]+)\.)?(?P<name>[a-z_][a-z0-9_]*)", re.IGNORECASE | re.ASCII)
_GLOBAL = "global"


def variable_named(arguments: Arguments, text: Text) -> Variable:
    """The variable of a constant name that may be set; raises Wrong."""
    name = text.constant
    match = _NAME.fullmatch(name) if name is not None else None
    if match is None:
        raise arguments.wrong(f'"{text.source[:60]}" is not the name of a variable', text.position)
    namespace = match["namespace"]
    if namespace is None:
        return Variable(match["name"].lower())
    if namespace.lower() != _GLOBAL:
        raise arguments.wrong(f'there is no namespace "{namespace[:60]}" of variables', text.position)
    arguments.need("the namespace of global variables", text.position, "include")
    return Variable(match["name"].lower(), is_global=True)


def plain_variable_named(arguments: Arguments, text: Text) -> Variable:
    """The same without a namespace."""
    variable = variable_named(arguments, text)
    if variable.is_global:
        raise arguments.wrong("the name of a variable stands without its namespace here", text.position)
    return variable
