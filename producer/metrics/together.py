"""Several producers on one port count together: a scrape meets any one of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder that the counters lie in. prometheus_client reads it when it is first imported: so not by this file."""


@contextmanager
def counting_together(processes: int) -> Iterator[None]:
    """What is started inside counts in one folder, if it is more than one process."""
    if processes == 1:
        yield
        return
    with TemporaryDirectory(prefix="speechmill-metrics-") as folder:
        os.environ[SHARED] = folder
        yield
