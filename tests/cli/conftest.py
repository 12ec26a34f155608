import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine, make_store


@pytest.fixture
def angarium(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capsys, monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The directory of a configured store without users."""
    make_store(tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A directory that any user may enter, since a server that root starts runs as another one."""
    directory = Path(tempfile.mkdtemp(prefix="angarium-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)
