import argparse
from pathlib import Path

import pytest

from angarium.cli.location import Location, add_location_arguments, location_of, state_directory


def located(*words: str, system: tuple[Path, Path], home: str = "/home/ann") -> Location:
    parser = argparse.ArgumentParser()
    add_location_arguments(parser)
    parser.add_argument("-M", dest="cyrus_conf", type=Path)
    return location_of(parser.parse_args(words), environment={"HOME": home}, system=system)


@pytest.fixture
def system(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "imapd.conf", tmp_path / "cyrus.conf"


@pytest.mark.parametrize(
    ("words", "location"),
    [
        (["--dir", "/d"], Location(Path("/d/imapd.conf"), Path("/d/cyrus.conf"), Path("/d"))),
        (["--dir", "/d/../e/"], Location(Path("/e/imapd.conf"), Path("/e/cyrus.conf"), Path("/e"))),
        (["-C", "/c/my.conf"], Location(Path("/c/my.conf"), Path("/c/cyrus.conf"), None)),
        (["-C", "/c/my.conf", "-M", "/m"], Location(Path("/c/my.conf"), Path("/m"), None)),
    ],
)
@pytest.mark.parametrize("has_system", [False, True])
def test_what_is_named_is_meant(
    system: tuple[Path, Path], words: list[str], location: Location, has_system: bool
) -> None:
    for path in system if has_system else ():
        path.write_text("")
    assert located(*words, system=system) == location


def test_a_relative_directory_is_one_below_this(system: tuple[Path, Path]) -> None:
    assert located("--dir", "state", system=system).directory == Path.cwd() / "state"


def test_the_machine_has_a_configuration_or_the_user_has_a_store(system: tuple[Path, Path]) -> None:
    own = Path("/home/ann/.local/state/angarium")
    assert located(system=system) == Location(own / "imapd.conf", own / "cyrus.conf", own)
    system[0].write_text("")
    assert located(system=system).directory == own
    system[1].write_text("")
    assert located(system=system) == Location(*system, None)
    assert located("-M", "/m", system=system) == Location(system[0], Path("/m"), None)


@pytest.mark.parametrize(
    ("environment", "directory"),
    [
        ({"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/angarium"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/angarium"),
        ({"XDG_STATE_HOME": "", "HOME": "/h"}, "/h/.local/state/angarium"),
        ({}, "/.local/state/angarium"),
    ],
)
def test_the_state_directory_is_that_of_the_specification(environment: dict[str, str], directory: str) -> None:
    assert state_directory(environment) == Path(directory)
