"""The figures of workers and their engines, as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from producer.metrics.workers import worker_metrics
from speechmill.store.verbs import EngineFigures, WorkerFigures
from worker.figures import Figures


class Workers(Collector):
    def __init__(self, figures: dict[str, WorkerFigures]) -> None:
        self._figures = figures

    def collect(self) -> list[Metric]:
        return list(worker_metrics(self._figures))


def shown(figures: dict[str, WorkerFigures]) -> list[str]:
    registry = CollectorRegistry()
    registry.register(Workers(figures))
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def with_engine(model: str, **figures: float) -> WorkerFigures:
    return WorkerFigures("speech", {}, EngineFigures(model, figures))


def test_each_worker_has_its_own_line_of_each_figure() -> None:
    lines = shown({"w2": with_engine("base", slots_used=1, frames=7),
                   "w1": with_engine("design", slots_used=2, slots_free=6, audio_s=1.5)})
    assert lines == [
        'speech_engine_slots{model="design",state="used",worker="w1"} 2.0',
        'speech_engine_slots{model="design",state="free",worker="w1"} 6.0',
        'speech_engine_slots{model="base",state="used",worker="w2"} 1.0',
        'speech_engine_frames_total{model="base",worker="w2"} 7.0',
        'speech_engine_audio_seconds_total{model="design",worker="w1"} 1.5',
    ]


def test_what_a_process_counts_of_itself_is_shown_with_its_role() -> None:
    figures = Figures()
    figures.storage_failed("write")
    figures.storage_failed("write")
    figures.count("doorbells_lost")
    lines = shown({"w": WorkerFigures("cpu", figures.now())})
    assert 'speech_worker_storage_errors_total{operation="write",role="cpu",worker="w"} 2.0' in lines
    assert 'speech_worker_storage_errors_total{operation="read",role="cpu",worker="w"} 0.0' in lines
    assert 'speech_worker_doorbells_lost_total{role="cpu",worker="w"} 1.0' in lines


def test_every_figure_of_a_process_is_shown() -> None:
    figures = Figures().now()
    assert len(shown({"w": WorkerFigures("cpu", figures)})) == len(figures)


def test_what_nobody_knows_how_to_show_is_left_out() -> None:
    assert shown({"w": WorkerFigures("cpu", {"moons": 4.0}, EngineFigures("m", {"moons": 4.0}))}) == []


def test_without_workers_there_are_no_lines() -> None:
    assert shown({}) == []
