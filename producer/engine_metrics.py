"""What the engines behind the workers' voices say of themselves, as metrics: one of each name and worker. Without a job's id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from speechmill.store.verbs import EngineFigures


@dataclass(frozen=True)
class Shown:
    """A metric. `figures`: the engine's figures (worker/engine/speaker.py) it shows, each with the value of `label`."""

    metric: type[CounterMetricFamily] | type[GaugeMetricFamily]
    name: str
    text: str
    figures: Mapping[str, str]
    label: str = ""


SHOWN = (
    Shown(GaugeMetricFamily, "speech_engine_slots", "Slots, each of which holds one utterance.",
          {"slots_used": "used", "slots_free": "free"}, "state"),
    Shown(GaugeMetricFamily, "speech_engine_waiting", "Utterances that wait in the engine: for a slot, or for their reference.",
          {"waiting_interactive": "interactive", "waiting_batch": "batch", "waiting_for_reference": "reference"}, "kind"),
    Shown(CounterMetricFamily, "speech_engine_frames", "Frames computed, 80 ms of sound each.", {"frames": ""}),
    Shown(CounterMetricFamily, "speech_engine_launches", "Launches: each computes a frame of every utterance in a slot.",
          {"launches": ""}),
    Shown(CounterMetricFamily, "speech_engine_prefills", "Batches of prompts computed.", {"prefills": ""}),
    Shown(CounterMetricFamily, "speech_engine_audio_seconds", "Sound handed over, of takes that failed their checks too.",
          {"audio_s": ""}),
    Shown(GaugeMetricFamily, "speech_engine_gpu_memory_bytes", "GPU memory of the engine: used, and held with what torch keeps.",
          {"gpu_allocated_bytes": "used", "gpu_reserved_bytes": "held"}, "state"),
    Shown(GaugeMetricFamily, "speech_engine_resident_memory_bytes", "Host memory of the engine's process.", {"rss_bytes": ""}),
)


def engine_metrics(engines: Mapping[str, EngineFigures]) -> Iterator[Metric]:
    """`engines`: by worker. Counters begin again at zero with each engine process, as Prometheus expects of a restart."""
    for shown in SHOWN:
        metric = shown.metric(shown.name, shown.text, labels=["worker", "model", *([shown.label] if shown.label else [])])
        for worker, engine in sorted(engines.items()):
            for figure, value in shown.figures.items():
                if figure in engine.figures:
                    labels = [worker, engine.model, *([value] if shown.label else [])]
                    metric.add_metric(labels, engine.figures[figure])
        yield metric
