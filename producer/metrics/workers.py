"""What workers and the engines behind their voices say of themselves with each beat, as metrics.

Their counters begin again at zero with each process, as Prometheus expects of a restart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from prometheus_client.core import Metric

from producer.metrics.described import Described, Labels, counter, gauge
from speechmill.blobs.counted import OPERATIONS
from speechmill.store.verbs import WorkerFigures


@dataclass(frozen=True)
class Shown:
    """A metric and the figures that it shows, each with the value of the metric's last label: a worker's own
    (worker/figures.py) or its engine's (worker/engine/speaker.py)."""

    described: Described
    figures: Mapping[str, str]


def _worker(described: Described, *figures: str, **labelled: str) -> Shown:
    return _shown(described, ("worker", "role"), figures, labelled)


def _engine(described: Described, *figures: str, **labelled: str) -> Shown:
    return _shown(described, ("worker", "model"), figures, labelled)


def _shown(described: Described, whose: Labels, figures: Sequence[str], labelled: Mapping[str, str]) -> Shown:
    return Shown(replace(described, labels=(*whose, *described.labels)), {**dict.fromkeys(figures, ""), **labelled})


WORKERS = (
    _worker(gauge("speech_worker_start_time_seconds", "Unix time of the process's start."), "started_s"),
    _worker(counter("speech_worker_cpu_seconds_total", "CPU time of the process, without its engine's."), "cpu_s"),
    _worker(gauge("speech_worker_resident_memory_bytes", "Memory of the process, without its engine's."), "rss_bytes"),
    _worker(counter("speech_worker_storage_errors_total", "Actions that storage did not do.", "operation"),
            **{f"storage_errors:{operation}": operation for operation in OPERATIONS}),
    _worker(counter("speech_worker_beats_missed_total", "Beats that Redis did not take."), "beats_missed"),
    _worker(counter("speech_worker_doorbells_lost_total", "Celery messages that could not be sent; the sweep rings again."),
            "doorbells_lost"),
    _worker(counter("speech_worker_voice_deaths_total", "Deaths of the process behind the voice."), "voice_deaths"),
)

ENGINES = (
    _engine(gauge("speech_engine_slots", "Slots, each of which holds one utterance.", "state"),
            slots_used="used", slots_free="free"),
    _engine(gauge("speech_engine_waiting", "Utterances that wait in the engine: for a slot, or for their reference.", "kind"),
            waiting_interactive="interactive", waiting_batch="batch", waiting_for_reference="reference"),
    _engine(counter("speech_engine_frames_total", "Frames computed, 80 ms of sound each."), "frames"),
    _engine(counter("speech_engine_launches_total", "Launches: each computes a frame of every utterance in a slot."),
            "launches"),
    _engine(counter("speech_engine_prefills_total", "Batches of prompts computed."), "prefills"),
    _engine(counter("speech_engine_audio_seconds_total", "Sound handed over, of takes that failed their checks too."),
            "audio_s"),
    _engine(gauge("speech_engine_gpu_memory_bytes", "GPU memory of the engine: used, and held with what torch keeps.", "state"),
            gpu_allocated_bytes="used", gpu_reserved_bytes="held"),
    _engine(gauge("speech_engine_resident_memory_bytes", "Host memory of the engine's process."), "rss_bytes"),
)

DESCRIBED = tuple(shown.described for shown in (*WORKERS, *ENGINES))


def worker_metrics(workers: Mapping[str, WorkerFigures]) -> Iterator[Metric]:
    """`workers`: what each said, by its name. A figure that nobody knows how to show is left out."""
    for shown in WORKERS:
        yield shown.described.shown({(worker, said.role, *label): value for worker, said in sorted(workers.items())
                                     for label, value in _values(shown, said.figures)})
    for shown in ENGINES:
        yield shown.described.shown({(worker, said.engine.model, *label): value for worker, said in sorted(workers.items())
                                     if said.engine for label, value in _values(shown, said.engine.figures)})


def _values(shown: Shown, figures: Mapping[str, float]) -> Iterator[tuple[Labels, float]]:
    for figure, label in shown.figures.items():
        if figure in figures:
            yield ((label,) if label else ()), figures[figure]
