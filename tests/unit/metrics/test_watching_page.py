"""docs/watching.md lists every metric as it is."""

import re
from pathlib import Path

from producer.metrics import own, store, workers

PAGE = (Path(__file__).parents[3] / "docs/watching.md").read_text("utf-8")
ROW = re.compile(r"^\| `(speech_\w+)` \| (\w+) \| (.+?) \| (.+) \|$", re.MULTILINE)


def test_the_page_lists_every_metric_with_type_labels_and_meaning() -> None:
    written = [(name, kind, tuple(re.findall(r"`(\w+)`", labels)), text) for name, kind, labels, text in ROW.findall(PAGE)]
    described = [(metric.name, metric.type, metric.labels, metric.text)
                 for metric in (*store.DESCRIBED, *workers.DESCRIBED, *own.DESCRIBED)]
    assert written == described


def test_no_metric_is_described_twice() -> None:
    names = [metric.name for metric in (*store.DESCRIBED, *workers.DESCRIBED, *own.DESCRIBED)]
    assert len(names) == len(set(names))


def test_every_metric_that_the_page_speaks_of_exists() -> None:
    names = {metric.name for metric in (*store.DESCRIBED, *workers.DESCRIBED, *own.DESCRIBED)}
    assert set(re.findall(r"\bspeech_[a-z_]+", PAGE)) <= names
