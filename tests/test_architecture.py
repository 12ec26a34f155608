"""The arrows of the house: imports point down only, and front ends never import one another."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "angarium"

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"cli"}),
    frozenset({"master"}),
    frozenset({"worker"}),
    frozenset({"imap", "lmtp", "managesieve", "pop3", "smmap"}),
    frozenset({"connections"}),
    frozenset({"operations", "auth"}),
    frozenset({"store"}),
    frozenset({"engine"}),
    frozenset({"config", "logs"}),
    frozenset({"logrecords"}),
)
"""From the top down; packages of one layer do not import one another, but for `BESIDE`."""

PURE = frozenset(
    {
        "collation",
        "compose",
        "errors",
        "fetchitem",
        "flags",
        "imapurl",
        "languages",
        "mime",
        "names",
        "preview",
        "rights",
        "sasl",
        "searchkey",
        "sequenceset",
        "sieve",
        "sievetranslate",
        "sortcriteria",
        "threads",
    }
)
"""No store, no sockets, no clock, no randomness; open to all, and built on one another only."""

BESIDE = frozenset({("operations", "auth"), ("logs", "config"), ("config", "logs")})

IMPURE_MODULES = frozenset({"asyncio", "socket", "ssl", "random", "secrets", "time", "threading", "subprocess", "apsw"})


def package_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "angarium" and len(parts) > 1 else None


def imports_of(path: Path) -> Iterator[str]:
    package = ["angarium", *path.relative_to(SOURCE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            if module == "angarium":
                yield from (f"angarium.{alias.name}" for alias in node.names)


def level_of(package: str) -> int:
    for level, packages in enumerate(LAYERS):
        if package in packages:
            return level
    assert package in PURE, f"{package} has no place in the house"
    return len(LAYERS)


def sources() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        relative = path.relative_to(SOURCE)
        if relative.name not in ("__init__.py", "__main__.py") or len(relative.parts) > 1:
            found.append((relative.parts[0].removesuffix(".py"), path))
    return found


def test_imports_point_down_only() -> None:
    wrong = []
    for package, path in sources():
        for module in imports_of(path):
            target = package_of(module)
            if target is None or target in (package, "__version__"):
                continue
            below = level_of(target) > level_of(package)
            if not below and not (package in PURE and target in PURE) and (package, target) not in BESIDE:
                wrong.append(f"{path.relative_to(SOURCE)} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_pure_packages_use_no_clock_no_sockets_and_no_chance() -> None:
    wrong = [
        f"{path.relative_to(SOURCE)} imports {module}"
        for package, path in sources()
        if package in PURE
        for module in imports_of(path)
        if module.split(".")[0] in IMPURE_MODULES
    ]
    assert not wrong, "\n".join(wrong)


def test_no_package_is_named_for_nothing() -> None:
    names = {path.stem for path in SOURCE.rglob("*")}
    assert not names & {"utils", "util", "helpers", "common", "misc"}
