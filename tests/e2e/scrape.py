"""/metrics of a running producer, read as Prometheus reads it."""

from dataclasses import dataclass

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.stack import Stack


@dataclass(frozen=True)
class Scrape:
    """`families`: by name, as the text names them."""

    families: dict[str, Metric]

    def value(self, name: str, **labels: str) -> float | None:
        """The sum of a metric's lines that have these labels; None where there is none."""
        found = [sample.value for family in self.families.values() for sample in family.samples
                 if sample.name == name and labels.items() <= sample.labels.items()]
        return sum(found) if found else None

    @property
    def sample_names(self) -> set[str]:
        """Names that a query can use: those of the lines, and of metrics that have no line yet."""
        lines = {sample.name for family in self.families.values() for sample in family.samples}
        return lines | set(self.families)


def scrape(stack: Stack) -> Scrape:
    with stack.http as http:
        answer = http.get("/metrics")
    assert answer.status_code == 200, answer.text
    # The parser takes the _total off a counter's name; the text has it.
    families = {f"{metric.name}_total" if metric.type == "counter" else metric.name: metric
                for metric in text_string_to_metric_families(answer.text)}
    return Scrape(families)
