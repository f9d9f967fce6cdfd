"""What was deleted in one turn, by kind."""

from dataclasses import dataclass, field

from speechmill.store.reaping import Deleted


@dataclass
class Tally:
    by_kind: dict[str, Deleted] = field(default_factory=dict)

    def add(self, kind: str, n_objects: int, n_bytes: int) -> None:
        before = self.by_kind.get(kind, Deleted(0, 0))
        self.by_kind[kind] = Deleted(before.objects + n_objects, before.bytes + n_bytes)

    @property
    def n_objects(self) -> int:
        return sum(deleted.objects for deleted in self.by_kind.values())

    def __str__(self) -> str:
        return ", ".join(f"{kind} {deleted.objects}" for kind, deleted in self.by_kind.items())
