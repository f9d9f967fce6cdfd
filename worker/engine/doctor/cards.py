"""Who uses the GPUs, as nvidia-smi tells it. No torch."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from worker.engine.doctor.finding import Finding

ANSWER_S = 20
IDLE_MIB = 1024
"""A card that nobody uses may hold as much for its driver."""


@dataclass(frozen=True)
class Program:
    """It computes on a card."""

    pid: int
    name: str
    used_mib: float


@dataclass(frozen=True)
class Card:
    """`used_mib`: of its memory, by whomever."""

    uuid: str
    used_mib: float
    programs: tuple[Program, ...]


def present() -> list[Card]:
    """Empty where nvidia-smi does not answer."""
    programs: dict[str, list[Program]] = {}
    for uuid, pid, used_mib, name in _ask("compute-apps", "gpu_uuid,pid,used_memory,process_name"):
        programs.setdefault(uuid, []).append(Program(int(pid), name, _mib(used_mib)))
    return [Card(uuid, _mib(used_mib), tuple(programs.get(uuid, ()))) for uuid, used_mib in _ask("gpu", "uuid,memory.used")]


def sharing(cards: Sequence[Card], uuid: str) -> Finding:
    """Of the card with that UUID, before we used it."""
    card = next((card for card in cards if card.uuid == uuid), None)
    if card is None:
        return Finding("GPU shared", "unused", "nvidia-smi doesn't tell who else uses it")
    if card.programs:
        listed = ", ".join(f"{program.name} (pid {program.pid}, {program.used_mib / 1024:.1f} GiB)" for program in card.programs)
        return Finding("GPU shared", "warning", f"used by {listed}",
                       "stop what is not needed, or give each its own GPU (CUDA_VISIBLE_DEVICES): they take turns, and memory")
    if card.used_mib > IDLE_MIB:
        return Finding("GPU shared", "warning", f"{card.used_mib / 1024:.1f} GiB are in use, and nvidia-smi lists nobody",
                       "look from the host: it may be a program in another container")
    return Finding("GPU shared", "ok", "nobody else uses it")


def _ask(what: str, fields: str) -> list[list[str]]:
    """Rows of these fields. The last may hold commas."""
    try:
        done = subprocess.run(["nvidia-smi", f"--query-{what}={fields}", "--format=csv,noheader,nounits"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ANSWER_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    n_fields = fields.count(",") + 1
    rows = ([part.strip() for part in line.split(",", n_fields - 1)] for line in done.stdout.splitlines())
    return [row for row in rows if len(row) == n_fields]


def _mib(text: str) -> float:
    """"[N/A]" where the driver does not tell."""
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0
