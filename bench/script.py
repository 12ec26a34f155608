"""A script as people have it: twenty rules over headers, none of which is for the letters that are measured."""

from typing import Final

PROBE_OFFSET: Final = 6_000_000
"""A letter whose number, of a million and more, is raised by this is discarded: so a script can be seen to run."""

_LISTS: Final = ("python-dev", "debian-user", "postfix-users", "sieve", "imap", "gardening", "chess", "parents")
_SENDERS: Final = ("boss@work.example", "bank.example", "shop.example", "grandmother", "billing@", "no-reply@")
_SUBJECTS: Final = ("[ticket", "invoice 20", "your order", "out of office", "newsletter")


def _rules() -> list[str]:
    rules = [f'header :contains ["list-id", "list-post"] "<{name}."' for name in _LISTS]
    rules += [f'address :contains "from" "{name}"' for name in _SENDERS]
    rules += [f'header :contains "subject" "{text}"' for text in _SUBJECTS]
    return rules


SCRIPT: Final = (
    'require ["fileinto"];\n'
    + "".join(f'if {test} {{ fileinto "Folder{number}"; stop; }}\n' for number, test in enumerate(_rules(), start=1))
    + 'if header :matches "subject" "*, part 7??????" { discard; }\n'
)
