"""CPU and memory that each part of a stack has used, from /proc (Linux): the parts by their command lines, the engine
by its own."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PARTS = {"producer": ("-m", "producer"), "speech worker": ("-m", "worker", "speech"), "cpu worker": ("-m", "worker", "cpu"),
         "engine": ("-m", "worker.engine")}
ENCODERS = "encoders"
"""Programs that workers have run and that have ended: ffmpeg."""
_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """One process: CPU seconds of its own, and of the children that have ended and were waited for."""

    pid: int
    parent: int
    group: int
    command: tuple[str, ...]
    own_s: float
    ended_children_s: float


def cpu_seconds(group: int) -> dict[str, float]:
    """By part, of the processes of a stack's process group and of the engines that its workers have started. Empty where there
    is no /proc."""
    found: dict[str, float] = {}
    processes = list(_processes())
    pids = {process.pid for process in processes if process.group == group}
    for process in processes:
        if process.pid not in pids and process.parent not in pids:
            continue
        name = _part(process.command)
        if name:
            found[name] = found.get(name, 0.0) + process.own_s
        if name and name.endswith("worker"):
            found[ENCODERS] = found.get(ENCODERS, 0.0) + process.ended_children_s
    return found


def peak_mib(group: int) -> dict[str, float]:
    """By part, the most memory that any of its processes ever had in RAM, MiB. Empty where there is no /proc."""
    found: dict[str, float] = {}
    processes = list(_processes())
    pids = {process.pid for process in processes if process.group == group}
    for process in processes:
        if (name := _part(process.command)) and (process.pid in pids or process.parent in pids):
            found[name] = max(found.get(name, 0.0), _peak_mib(process.pid))
    return found


def _peak_mib(pid: int) -> float:
    try:
        status = (_PROC / f"{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0.0)


def _part(command: tuple[str, ...]) -> str:
    for name, words in PARTS.items():
        if any(command[at:at + len(words)] == words for at in range(len(command))):
            return name
    return "Redis" if command and Path(command[0].split(" ")[0]).name.startswith(("redis-server", "valkey-server")) else ""


def _processes() -> Iterator[Process]:
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    for folder in _PROC.glob("[0-9]*"):
        try:
            # The name in parentheses may hold anything; state, ppid and pgrp are the first behind it (man 5 proc).
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = tuple((folder / "cmdline").read_text().split("\0"))
        except OSError:
            continue
        user, system, ended_user, ended_system = (int(ticks) * tick_s for ticks in fields[11:15])
        yield Process(int(folder.name), int(fields[1]), int(fields[2]), command, user + system, ended_user + ended_system)
