"""The machine around the GPU: its cores."""

import torch

from worker.engine.doctor.finding import Asked, Finding

LEAST_CORES = 4
"""Beside a GPU: one steps the engine, one or two check and cut what it spoke, the rest encode."""
MP3_REALTIME_PER_CORE = 300
"""docs/benchmarks.md#encoding, the slower end."""


def cores(asked: Asked, *, on_cuda: bool) -> Finding:
    return judge(asked.n_cores, on_cuda=on_cuda, n_threads=asked.cpu_threads or torch.get_num_threads())


def judge(n_cores: int, *, on_cuda: bool, n_threads: int) -> Finding:
    if not on_cuda and n_threads > n_cores:
        return Finding("cores", "warning", f"{n_cores}, but torch would start {n_threads} threads, which wait for each other",
                       f"SPEECHMILL_ENGINE__CPU_THREADS={n_cores}")
    if on_cuda and n_cores < LEAST_CORES:
        detail = f"{n_cores}: one steps the engine, and each more encodes mp3 at some {MP3_REALTIME_PER_CORE} times real time"
        return Finding("cores", "warning", detail, f"{LEAST_CORES} cores or more; flac takes a fifth of mp3's")
    return Finding("cores", "ok", str(n_cores))
