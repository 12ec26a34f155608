"""From tokens to the tree (RFC 5228 §8.2)."""

from angarium.sieve.facts import Mistake, ScriptInvalid
from angarium.sieve.lexer import Token, TokenKind, forgotten_quote
from angarium.sieve.limits import Limits
from angarium.sieve.position import Position
from angarium.sieve.tree import Argument, CommandNode, Number, String, StringList, TagName, TestNode

_ENDINGS = frozenset({TokenKind.SEMICOLON, TokenKind.OPENING_BRACE})


class Parser:
    """Reads tokens; `commands` is what was understood before the first mistake, or all."""

    __slots__ = ("_at", "_limits", "_tokens", "commands", "mistakes")

    def __init__(self, tokens: list[Token], limits: Limits) -> None:
        self._tokens = tokens
        self._limits = limits
        self._at = 0
        self.commands: list[CommandNode] = []
        self.mistakes: list[Mistake] = []
        try:
            while self._token.kind is not TokenKind.END:
                self.commands.append(self._command(0))
        except ScriptInvalid as error:
            self.mistakes.extend(error.mistakes)

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _take(self, kind: TokenKind) -> Token | None:
        token = self._tokens[self._at]
        if token.kind is not kind:
            return None
        self._at += 1
        return token

    def _command(self, depth: int) -> CommandNode:
        name = self._take(TokenKind.IDENTIFIER)
        if name is None:
            raise _invalid(self._token.position, f"a command is expected, not {_shown(self._token)}")
        arguments, tests, has_list = self._arguments(depth)
        end = self._token
        if end.kind not in _ENDINGS:
            raise _invalid(end.position, self._unended(name, end))
        self._at += 1
        block = self._block(end, depth + 1) if end.kind is TokenKind.OPENING_BRACE else None
        return CommandNode(name.position, name.text, arguments, tests, has_list, block, end.position)

    def _unended(self, name: Token, found: Token) -> str:
        wanted = '"{"' if name.text in ("if", "elsif", "else", "foreverypart") else '";"'
        if self._tokens[self._at - 1].spans_lines:
            hint = forgotten_quote(self._tokens[: self._at])
        elif found.kind in (TokenKind.STRING, TokenKind.OPENING_BRACKET, TokenKind.NUMBER, TokenKind.TAG):
            hint = " (arguments stand before tests)"
        elif found.kind is TokenKind.COMMA:
            hint = " (lists of strings stand in brackets, lists of tests in parentheses)"
        else:
            hint = ""
        return f'{wanted} is expected after "{name.text}" and its arguments, not {_shown(found)}{hint}'

    def _block(self, opening: Token, depth: int) -> tuple[CommandNode, ...]:
        if depth > self._limits.nesting:
            raise _invalid(opening.position, f"blocks can stand in one another {self._limits.nesting} deep")
        commands = []
        while not self._take(TokenKind.CLOSING_BRACE):
            if self._token.kind is TokenKind.END:
                raise _invalid(opening.position, 'a block that begins here is not closed by "}"')
            commands.append(self._command(depth))
        return tuple(commands)

    def _arguments(self, depth: int) -> tuple[tuple[Argument, ...], tuple[TestNode, ...], bool]:
        arguments: list[Argument] = []
        while True:
            token = self._token
            match token.kind:
                case TokenKind.STRING:
                    self._at += 1
                    string = String(token.position, token.text)
                    arguments.append(StringList(token.position, (string,), is_bracketed=False))
                case TokenKind.NUMBER:
                    self._at += 1
                    arguments.append(Number(token.position, token.number))
                case TokenKind.TAG:
                    self._at += 1
                    arguments.append(TagName(token.position, token.text))
                case TokenKind.OPENING_BRACKET:
                    arguments.append(self._string_list())
                case TokenKind.IDENTIFIER:
                    return tuple(arguments), (self._test(depth + 1),), False
                case TokenKind.OPENING_PARENTHESIS:
                    return tuple(arguments), self._test_list(depth + 1), True
                case _:
                    return tuple(arguments), (), False

    def _string_list(self) -> StringList:
        opening = self._tokens[self._at]
        self._at += 1
        strings = []
        while True:
            string = self._take(TokenKind.STRING)
            if string is None:
                raise _invalid(self._token.position, f"a string is expected, not {_shown(self._token)}")
            strings.append(String(string.position, string.text))
            if self._take(TokenKind.CLOSING_BRACKET):
                return StringList(opening.position, tuple(strings), is_bracketed=True)
            if not self._take(TokenKind.COMMA):
                found = _shown(self._token)
                raise _invalid(self._token.position, f'"," or "]" is expected in a list of strings, not {found}')

    def _test(self, depth: int) -> TestNode:
        name = self._take(TokenKind.IDENTIFIER)
        if name is None:
            raise _invalid(self._token.position, f"a test is expected, not {_shown(self._token)}")
        if depth > self._limits.nesting:
            raise _invalid(name.position, f"tests can stand in one another {self._limits.nesting} deep")
        arguments, tests, has_list = self._arguments(depth)
        return TestNode(name.position, name.text, arguments, tests, has_list)

    def _test_list(self, depth: int) -> tuple[TestNode, ...]:
        self._at += 1
        tests = []
        while True:
            tests.append(self._test(depth))
            if self._take(TokenKind.CLOSING_PARENTHESIS):
                return tuple(tests)
            if not self._take(TokenKind.COMMA):
                found = _shown(self._token)
                raise _invalid(self._token.position, f'"," or ")" is expected in a list of tests, not {found}')


def _shown(token: Token) -> str:
    match token.kind:
        case TokenKind.IDENTIFIER:
            return f'"{token.text}"'
        case TokenKind.TAG:
            return f'":{token.text}"'
        case TokenKind.NUMBER | TokenKind.STRING | TokenKind.END:
            return str(token.kind.value)
        case _:
            return f'"{token.kind.value}"'


def _invalid(position: Position, text: str) -> ScriptInvalid:
    return ScriptInvalid((Mistake(position, text),))
