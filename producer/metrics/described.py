"""How a metric is described, once: docs/watching.md, the dashboard and the alerts are held to these descriptions by tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from speechmill.store.numbers import Histogram
from speechmill.store.scripts import BOUNDS_MS

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Described:
    """A metric: its name as Prometheus shows it, what it means, and its labels. None ever holds a job, a tenant, or anything
    else of which there can be any number; `worker` is there as long as that worker beats."""

    type: Literal["counter", "gauge", "histogram"]
    name: str
    text: str
    labels: Labels = ()

    def shown(self, values: Mapping[Labels, float]) -> Metric:
        """`values`: by the values of the labels, in the order of `labels`."""
        family = CounterMetricFamily if self.type == "counter" else GaugeMetricFamily
        metric = family(self.name, self.text, labels=self.labels)
        for labels, value in values.items():
            metric.add_metric(labels, value)
        return metric

    def one(self, value: float) -> Metric:
        """Of a metric without labels."""
        return self.shown({(): value})

    def by(self, values: Mapping[str, float]) -> Metric:
        """Of a metric with one label."""
        return self.shown({(label,): values[label] for label in sorted(values)})

    def histograms(self, values: Mapping[str, Histogram]) -> Metric:
        """Of a histogram with one label."""
        metric = HistogramMetricFamily(self.name, self.text, labels=self.labels)
        for label, histogram in values.items():
            metric.add_metric((label,), _buckets(histogram), histogram.sum_s)
        return metric


def counter(name: str, text: str, *labels: str) -> Described:
    return Described("counter", name, text, labels)


def gauge(name: str, text: str, *labels: str) -> Described:
    return Described("gauge", name, text, labels)


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """As Prometheus wants them: each with all below it."""
    bounds = (*(f"{bound / 1000:g}" for bound in BOUNDS_MS), "+Inf")
    return [(bound, float(sum(histogram.buckets[:n + 1]))) for n, bound in enumerate(bounds)]
