"""REFERENCES and REFS once more, slowly: the text of RFC 5256 §3 step by step, over nodes that know one another."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Node:
    row: int | None
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)

    @property
    def is_dummy(self) -> bool:
        return self.row is None

    def move_to(self, parent: "Node | None") -> None:
        if self.parent is not None:
            self.parent.children = [child for child in self.parent.children if child is not self]
        self.parent = parent
        if parent is not None:
            parent.children.append(self)

    def is_at_or_below(self, other: "Node") -> bool:
        return self is other or (self.parent is not None and self.parent.is_at_or_below(other))

    def rows(self) -> Iterable[int]:
        if self.row is not None:
            yield self.row
        for child in self.children:
            yield from child.rows()


@dataclass(frozen=True)
class Message:
    id: str
    references: tuple[str, ...]
    subject: str
    is_reply: bool
    sent_s: int
    internal_s: int


def references(messages: list[Message]) -> str:
    root = linked_and_pruned(messages)
    sort_children(root, messages)
    gather(root, messages)
    sort_deeply(root, messages)
    return "".join(map(printed, root.children))


def refs(messages: list[Message]) -> str:
    root = linked_and_pruned(messages)
    sort_deeply(root, messages)
    root.children.sort(
        key=lambda node: (max(messages[row].internal_s for row in node.rows()), first_row(node)),
    )
    return "".join(map(printed, root.children))


def linked_and_pruned(messages: list[Message]) -> Node:
    nodes: dict[str, Node] = {}
    own: list[Node] = []
    for row, message in enumerate(messages):
        name = message.id if message.id and message.id not in nodes else f"unique {row}"
        nodes[name] = Node(row)
        own.append(nodes[name])
    for node, message in zip(own, messages, strict=True):
        previous: Node | None = None
        for reference in message.references:
            mentioned = nodes.setdefault(reference, Node(None))
            if previous is not None and mentioned.parent is None and not previous.is_at_or_below(mentioned):
                mentioned.move_to(previous)
            previous = mentioned
        node.move_to(None)
        if previous is not None and not previous.is_at_or_below(node):
            node.move_to(previous)
    root = Node(None)
    for node in nodes.values():
        if node.parent is None:
            node.move_to(root)
    prune(root, is_root=True)
    return root


def prune(node: Node, *, is_root: bool) -> None:
    for child in list(node.children):
        prune(child, is_root=False)
        if child.is_dummy and (not is_root or len(child.children) < 2):
            for grandchild in list(child.children):
                grandchild.move_to(node)
            child.move_to(None)


def first_row(node: Node) -> int:
    return next(iter(node.rows()))


def sort_children(node: Node, messages: list[Message]) -> None:
    """Those of dummies first, since they are sorted by their first child."""
    for child in node.children:
        if child.is_dummy:
            sort_children(child, messages)
    node.children.sort(key=lambda child: (messages[first_row(child)].sent_s, first_row(child)))


def sort_deeply(node: Node, messages: list[Message]) -> None:
    for child in node.children:
        sort_deeply(child, messages)
    sort_children(node, messages)


def gather(root: Node, messages: list[Message]) -> None:
    table: dict[str, Node] = {}

    def subject_of(node: Node) -> str:
        return messages[first_row(node)].subject

    def is_reply(node: Node) -> bool:
        return node.row is not None and messages[node.row].is_reply

    for node in root.children:
        subject = subject_of(node)
        if not subject:
            continue
        known = table.setdefault(subject, node)
        if not known.is_dummy and (node.is_dummy or (is_reply(known) and not is_reply(node))):
            table[subject] = node
    for node in list(root.children):
        subject = subject_of(node)
        if not subject or table[subject] is node:
            continue
        known = table[subject]
        if known.is_dummy and node.is_dummy:
            for child in list(node.children):
                child.move_to(known)
            node.move_to(None)
        elif known.is_dummy or (is_reply(node) and not is_reply(known)):
            node.move_to(known)
        else:
            dummy = Node(None)
            dummy.move_to(root)
            node.move_to(dummy)
            known.move_to(dummy)
            table[subject] = dummy


def printed(node: Node) -> str:
    return f"({members(node)})"


def members(node: Node) -> str:
    own = "" if node.row is None else str(node.row + 1)
    if not node.children:
        return own
    below = members(node.children[0]) if len(node.children) == 1 else "".join(map(printed, node.children))
    return f"{own} {below}" if own else below
