from pathlib import Path

from angarium.cli.sievetree import FoundScript, FoundScripts, find_scripts, has_scripts_by_id


def write(path: Path, text: str = "keep;\n") -> FoundScript:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return FoundScript(path.name.removesuffix(".script"), path)


def test_scripts_are_found_as_cyrus_has_laid_them_out(tmp_path: Path) -> None:
    main = write(tmp_path / "a" / "ann" / "main.script")
    other = write(tmp_path / "a" / "ann" / "other one.script")
    write(tmp_path / "a" / "ann" / "main.bc")
    write(tmp_path / "a" / "ann" / "main.script.NEW")
    write(tmp_path / "a" / "ann" / ".script")
    (tmp_path / "a" / "ann" / "defaultbc").symlink_to("main.bc")
    old = write(tmp_path / "j" / "john^doe" / "old.script")
    (tmp_path / "j" / "john^doe" / "default").symlink_to("/var/spool/sieve/j/john^doe/old.script")
    (tmp_path / "n" / "nobody").mkdir(parents=True)
    remote = write(tmp_path / "domain" / "e" / "example.net" / "B" / "bob" / "x.script")
    of_domain = write(tmp_path / "domain" / "e" / "example.net" / "global" / "y.script")
    of_all = write(tmp_path / "global" / "site.script")
    (tmp_path / "l").symlink_to(tmp_path / "a")
    assert list(find_scripts(tmp_path)) == [
        FoundScripts("", "", (of_all,)),
        FoundScripts("ann", "", (main, other), active="main"),
        FoundScripts("john.doe", "", (old,), active="old"),
        FoundScripts("", "example.net", (of_domain,)),
        FoundScripts("bob@example.net", "example.net", (remote,)),
    ]


def test_a_link_to_something_else_makes_nothing_active(tmp_path: Path) -> None:
    write(tmp_path / "a" / "ann" / "main.script")
    write(tmp_path / "a" / "ann" / "default")
    (tmp_path / "a" / "ann" / "defaultbc").symlink_to("elsewhere")
    (found,) = find_scripts(tmp_path)
    assert found.active is None


def test_newer_versions_of_cyrus_are_known_by_their_directory(tmp_path: Path) -> None:
    assert not has_scripts_by_id(tmp_path)
    write(tmp_path / "uuid" / "q" / "a" / "qabc" / "main.bc")
    assert has_scripts_by_id(tmp_path)
    assert list(find_scripts(tmp_path)) == []
