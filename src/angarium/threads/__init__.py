"""Messages as trees of replies: the algorithms of THREAD (RFC 5256 §3), and REFS of Cyrus."""

from .algorithms import ThreadAlgorithm, thread_by_references, thread_by_refs, thread_by_subject
from .links import MessageIds
from .tree import DUMMY, Threads, serialize_threads

__all__ = [
    "DUMMY",
    "MessageIds",
    "ThreadAlgorithm",
    "Threads",
    "serialize_threads",
    "thread_by_references",
    "thread_by_refs",
    "thread_by_subject",
]
