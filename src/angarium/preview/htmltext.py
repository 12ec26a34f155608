"""Text of an HTML body, for a preview: what is between the tags, a line for each block, `>` before what is quoted.

The parser of the standard library takes time by the square over what is not closed (half a minute for 64 KB), and
raises over some of it. A preview needs no tree; here a tag is something to step over, in one pass and in bounded work.
"""

import html
import re

_MAX_TAGS = 3_000
_ENOUGH_CHARACTERS = 1_000
_MAX_TEXT_CHARACTERS = 8_192
"""Between two tags."""

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*+)")
_ATTRIBUTES = re.compile(r"""(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>""")
_WHITE_SPACE = re.compile(r"[ \t\r\n\f]+")
_LONG_NUMBER = re.compile("&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")
"""No character has such a number, and `int` refuses to read the longest."""

_WITHOUT_TEXT = frozenset({"iframe", "noembed", "noframes", "script", "style", "template", "textarea", "title", "xmp"})
"""Elements that show nothing, or nothing that was written to be read; all up to the end tag is skipped."""
_END_OF = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _WITHOUT_TEXT}
_BLOCK = re.compile(
    "address|article|aside|blockquote|body|br|center|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|head|"
    "header|hr|html|li|main|nav|ol|p|pre|section|table|tr|ul"
)
_CELLS = frozenset({"td", "th", "option"})


def text_of_html(source: str) -> str:
    """The first lines of text in `source`, whatever it is; quoted blocks have lines that begin with `>`."""
    reader = _TextReader(source)
    reader.read()
    return reader.text()


class _TextReader:
    """Collects text up to a number of tags or characters."""

    __slots__ = ("_honours_quotes", "_line", "_lines", "_quotes", "_size", "_source")

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._size = 0
        self._honours_quotes = True

    def text(self) -> str:
        self._end_line()
        return "\n".join(self._lines)

    def read(self) -> None:
        position = 0
        for _ in range(_MAX_TAGS):
            start = self._source.find("<", position)
            self._add(self._source[position : start if start >= 0 else len(self._source)])
            if start < 0 or self._size >= _ENOUGH_CHARACTERS:
                return
            position = self._step_over(start)
            if position < 0:
                return

    def _step_over(self, start: int) -> int:
        """Behind what begins with `<` at `start`; -1 where it has no end."""
        source = self._source
        tag = _TAG.match(source, start)
        if tag:
            return self._tag(is_end=bool(tag[1]), name=tag[2].lower(), position=tag.end())
        if source.startswith("<!--", start):
            return _behind(source, "-->", start + 2)  # `<!-->` is a whole one
        if source.startswith(("<!", "<?", "</"), start):
            return _behind(source, ">", start)
        self._add("<")
        return start + 1

    def _tag(self, *, is_end: bool, name: str, position: int) -> int:
        if _BLOCK.fullmatch(name):
            self._end_line()
            if name == "blockquote":
                self._quotes = max(0, self._quotes + (-1 if is_end else 1))
        elif name in _CELLS:
            self._add(" ")
        elif name in _WITHOUT_TEXT and not is_end:
            end = _END_OF[name].search(self._source, position)
            return -1 if end is None else end.start()
        return self._behind_attributes(position)

    def _behind_attributes(self, position: int) -> int:
        if self._honours_quotes:
            attributes = _ATTRIBUTES.match(self._source, position)
            if attributes:
                return attributes.end()
            # A quotation mark without its fellow: looking for it at each tag would take time by the square.
            self._honours_quotes = False
        return _behind(self._source, ">", position)

    def _add(self, text: str) -> None:
        text = text[:_MAX_TEXT_CHARACTERS]
        if "&" in text:
            text = html.unescape(_LONG_NUMBER.sub("\ufffd", text))
        self._line.append(text)

    def _end_line(self) -> None:
        line = _WHITE_SPACE.sub(" ", "".join(self._line)).strip(" ")
        self._line.clear()
        self._size += 0 if self._quotes else len(line)
        self._lines.append(f"> {line}" if self._quotes else line)


def _behind(source: str, mark: str, position: int) -> int:
    found = source.find(mark, position)
    return -1 if found < 0 else found + len(mark)
