"""Threads of one base subject become one thread: step 5 of REFERENCES (RFC 5256 §3)."""

from collections.abc import Generator, Sequence

from .forest import Forest, Roots

_ROOTS_AT_ONCE = 4_096


def gather_subjects(forest: Forest, subjects: Sequence[str], is_reply: Sequence[bool]) -> Generator[None, None, None]:
    """Merges threads of the same subject; those without one stay alone. Yields after every few milliseconds of work."""
    roots = yield from forest.roots()
    table = yield from _enter(roots, forest.count, subjects, is_reply)
    for place, (node, row) in enumerate(zip(roots.nodes, roots.first_rows, strict=True)):
        subject = subjects[row]
        if subject and table[subject] != node:
            table[subject] = _merge(forest, table[subject], node, is_reply)
        if place % _ROOTS_AT_ONCE == 0:
            yield


def _enter(
    roots: Roots, count: int, subjects: Sequence[str], is_reply: Sequence[bool]
) -> Generator[None, None, dict[str, int]]:
    """Step 5.B: what stands for a subject is a dummy, else a message that is no reply, else the first one."""
    table: dict[str, int] = {}
    for place, (node, row) in enumerate(zip(roots.nodes, roots.first_rows, strict=True)):
        subject = subjects[row]
        if subject:
            entered = table.setdefault(subject, node)
            if entered < count and (node >= count or (is_reply[entered] and not is_reply[node])):
                table[subject] = node
        if place % _ROOTS_AT_ONCE == 0:
            yield
    return table


def _merge(forest: Forest, entered: int, node: int, is_reply: Sequence[bool]) -> int:
    """Step 5.C: joins the thread of `node` with that of its subject; what stands for the subject from now on.

    Where that is a row, so is `node`, for a dummy would have taken its place.
    """
    if node >= forest.count:
        forest.adopt(entered, forest.members.pop(node))
    elif entered >= forest.count or (is_reply[node] and not is_reply[entered]):
        forest.adopt(entered, [node])
    else:
        return forest.add_dummy([entered, node])
    return entered
