"""External lists in files."""

from pathlib import Path

import pytest

from angarium.names import UserId
from angarium.operations.delivery.lists import ExternalLists

pytestmark = pytest.mark.usefixtures("runner")

MINE = "urn:ietf:params:sieve:addrbook:default"
BLOCKED = "urn:angarium:list:blocked"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "blocked").write_text("# whom nobody wants\n\nspam@example.org\n Caf\u00e9@example.net \n")
    (tmp_path / "alice").mkdir()
    (tmp_path / "alice" / "default").write_text("bob@example.org\r\n")
    return tmp_path


async def test_lists_are_found_by_their_names(directory: Path) -> None:
    lists = ExternalLists(directory, UserId("alice"))
    assert await lists.members(BLOCKED) == ("spam@example.org", "Caf\u00e9@example.net")
    assert await lists.members(MINE) == ("bob@example.org",)
    assert await lists.members("urn:ietf:params:sieve:addrbook") == ("bob@example.org",)
    assert await lists.is_known(BLOCKED.upper())


async def test_members_are_compared_without_case(directory: Path) -> None:
    lists = ExternalLists(directory, UserId("alice"))
    assert await lists.find(BLOCKED, ("x@example.org", "SPAM@Example.ORG")) == "SPAM@Example.ORG"
    assert await lists.find(BLOCKED, ("CAF\u00c9@example.net",)) == "CAF\u00c9@example.net"
    assert await lists.find(BLOCKED, ("x@example.org",)) is None
    assert await lists.find(BLOCKED, ()) is None


@pytest.mark.parametrize(
    "name",
    [
        "urn:angarium:list:none",
        "urn:angarium:list:../blocked",
        "urn:angarium:list:alice/default",
        "urn:angarium:list:.",
        "urn:angarium:list:",
        "blocked",
        "",
        MINE + "x",
    ],
)
async def test_other_names_are_of_no_list(directory: Path, name: str) -> None:
    lists = ExternalLists(directory, UserId("alice"))
    assert not await lists.is_known(name)
    assert await lists.members(name) is None
    assert await lists.find(name, ("bob@example.org",)) is None


@pytest.mark.parametrize("userid", [None, UserId("bob"), UserId(".."), UserId("a/b")])
async def test_nobody_has_the_list_of_another(directory: Path, userid: UserId | None) -> None:
    assert not await ExternalLists(directory, userid).is_known(MINE)


async def test_without_a_directory_there_are_no_lists() -> None:
    assert not await ExternalLists(None, UserId("alice")).is_known(BLOCKED)
