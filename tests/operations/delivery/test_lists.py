"""External lists in files."""

from pathlib import Path

import pytest

from angarium.errors import DiskFailed
from angarium.names import UserId
from angarium.operations.delivery.lists import ExternalLists

pytestmark = pytest.mark.usefixtures("runner")

MINE = "urn:ietf:params:sieve:addrbook:default"
BLOCKED = "urn:angarium:list:blocked"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "blocked").write_text("# whom nobody wants\n\nspam@example.org\n Caf\u00e9@example.net \n")
    (tmp_path / "large").write_bytes(b"bob@example.org\n" * (1 << 19))
    (tmp_path / "alice").mkdir()
    (tmp_path / "alice" / "default").write_text("bob@example.org\r\n")
    return tmp_path


async def test_lists_are_found_by_their_names(directory: Path) -> None:
    lists = ExternalLists(directory, UserId("alice"))
    assert await lists.members(BLOCKED) == ("spam@example.org", "Caf\u00e9@example.net")
    assert await lists.members(MINE) == ("bob@example.org",)
    assert await lists.is_known(BLOCKED.upper())


@pytest.mark.parametrize(
    "name", ["default", "DEFAULT", "%44%65%66ault", "d%65fault", "%64%65%66%61%75%6C%74"]
)  # RFC 6134 \u00a72.5
async def test_the_address_book_is_named_in_any_case_and_encoding(directory: Path, name: str) -> None:
    lists = ExternalLists(directory, UserId("alice"))
    assert await lists.is_known(f"urn:ietf:params:sieve:AddrBook:{name}")
    assert await lists.members(f"urn:ietf:params:sieve:addrbook:{name}") == ("bob@example.org",)


@pytest.mark.parametrize("userid", [None, UserId("bob"), UserId(".."), UserId("a/b"), UserId("blocked")])
async def test_whoever_has_no_address_book_has_an_empty_one(directory: Path, userid: UserId | None) -> None:
    """RFC 6134 \u00a72.5: everybody can name it; nobody gets another's."""
    lists = ExternalLists(directory, userid)
    assert await lists.is_known(MINE)
    assert await lists.members(MINE) == ()
    assert await lists.find(MINE, ("bob@example.org",)) is None


async def test_what_is_found_is_the_member_as_the_list_has_it(directory: Path) -> None:
    """RFC 6134 \u00a72.2: without regard to space around a value, and to case in an address book."""
    lists = ExternalLists(directory, UserId("alice"))
    assert await lists.find(BLOCKED, ("x@example.org", " SPAM@Example.ORG ")) == "spam@example.org"
    assert await lists.find(BLOCKED, ("CAF\u00c9@example.net",)) == "Caf\u00e9@example.net"
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
        "urn:angarium:list:large",
        "urn:ietf:params:sieve:addrbook",
        "urn:ietf:params:sieve:addrbook:",
        "urn:ietf:params:sieve:addrbook:default?name.contains=fred",
        "urn:ietf:params:sieve:addrbook:%zz",
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


async def test_without_a_directory_there_are_no_lists() -> None:
    lists = ExternalLists(None, UserId("alice"))
    assert not await lists.is_known(BLOCKED)
    assert not await lists.is_known(MINE)
    assert await lists.members(MINE) is None


async def test_a_list_that_cannot_be_read_now_is_a_failure_for_now(directory: Path) -> None:
    """RFC 6134 \u00a73: as where a script cannot be read."""
    (directory / "round").symlink_to("round")
    lists = ExternalLists(directory, UserId("alice"))
    with pytest.raises(DiskFailed):
        await lists.find("urn:angarium:list:round", ("bob@example.org",))
    with pytest.raises(DiskFailed):
        await lists.is_known("urn:angarium:list:round")
