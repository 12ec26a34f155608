from pathlib import Path

import pytest
from bench.interpreter import Interpreter
from bench.report import serialize_versions

DEBIAN = Interpreter(Path("/usr/bin/python3"), "3.11.2", "3.11.2-6", None)


@pytest.mark.parametrize(
    ("versions", "interpreter", "line"),
    [
        ({"dovecot": "2.3.19"}, None, "dovecot 2.3.19"),
        (
            {"dovecot": "2.3.19", "angarium": "0.1.0"},
            DEBIAN,
            "dovecot 2.3.19, angarium 0.1.0 by Debian's Python 3.11.2-6",
        ),
    ],
)
def test_the_first_line_tells_versions(versions: dict[str, str], interpreter: Interpreter | None, line: str) -> None:
    assert serialize_versions(versions, interpreter) == line
