"""What an ended job leaves in Redis until its record goes."""

from contextlib import closing

from speechmill.cli.bench.scale.server import Server
from speechmill.cli.bench.scale.subject import Subject
from speechmill.store.client import EVENTS_KEY


def measure_ended(server: Server, n_jobs: int) -> float:
    """Bytes a job of one unit, without the event log, which is capped."""
    server.forget_all()
    empty_bytes = server.used_bytes
    with closing(Subject(server)) as subject:
        subject.fill(n_jobs)
        for _ in range(n_jobs):
            subject.complete(subject.claim())
    events_bytes = int(server.admin.memory_usage(EVENTS_KEY, samples=0) or 0)
    return (server.used_bytes - empty_bytes - events_bytes) / n_jobs
