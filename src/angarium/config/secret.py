"""A text of the configuration that no log may have."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """`text` is said aloud by nobody who prints this."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        return "***"
