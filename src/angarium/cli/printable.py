"""Texts of strangers, shown at a terminal."""


def printable(text: str) -> str:
    """A text that does nothing to a terminal, and stays on its line."""
    return "".join([char if char.isprintable() or char == "\t" else "\ufffd" for char in text])


def printable_lines(text: str) -> str:
    """The same for one that may have several."""
    return "\n".join([printable(line) for line in text.splitlines()])
