"""The figures of engines, as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from producer.engine_metrics import engine_metrics
from speechmill.store.verbs import EngineFigures


class Engines(Collector):
    def __init__(self, engines: dict[str, EngineFigures]) -> None:
        self._engines = engines

    def collect(self) -> list[Metric]:
        return list(engine_metrics(self._engines))


def shown(engines: dict[str, EngineFigures]) -> list[str]:
    registry = CollectorRegistry()
    registry.register(Engines(engines))
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_each_worker_has_its_own_line_of_each_figure() -> None:
    lines = shown({"w2": EngineFigures("base", {"slots_used": 1, "frames": 7}),
                   "w1": EngineFigures("design", {"slots_used": 2, "slots_free": 6, "audio_s": 1.5})})
    assert lines == [
        'speech_engine_slots{model="design",state="used",worker="w1"} 2.0',
        'speech_engine_slots{model="design",state="free",worker="w1"} 6.0',
        'speech_engine_slots{model="base",state="used",worker="w2"} 1.0',
        'speech_engine_frames_total{model="base",worker="w2"} 7.0',
        'speech_engine_audio_seconds_total{model="design",worker="w1"} 1.5',
    ]


def test_what_nobody_knows_how_to_show_is_left_out() -> None:
    assert shown({"w1": EngineFigures("m", {"moons": 4.0})}) == []


def test_without_engines_there_are_no_lines() -> None:
    assert shown({}) == []
