"""Jobs that keep three workers busy for some seconds, and the proof that each was done once."""

import hashlib
from collections import Counter

from tests.hosts.cluster import Cluster

N_SHORT = 12


def start_load(cluster: Cluster, about: str, n_sentences: int = 30) -> list[str]:
    """The ids of a book and a dozen sentences, about something that no other load was about: a text is spoken once only."""
    return [start_book(cluster, about, n_sentences), *start_sentences(cluster, about)]


def start_book(cluster: Cluster, about: str, n_sentences: int) -> str:
    """The id of a job that is cut, three or four sentences a segment."""
    return cluster.create(" ".join(f"Sentence {n} of a slow book about {about}, which is spoken at leisure."
                                   for n in range(n_sentences)))


def start_sentences(cluster: Cluster, about: str) -> list[str]:
    return [cluster.create(f"A slow sentence about {about}, number {n}.") for n in range(N_SHORT)]


def assert_each_was_done_once(cluster: Cluster, before: Counter[str], job_ids: list[str]) -> None:
    """Since `before` (Cluster.counted) just these jobs have ended, each completed once, each of their units committed once, and
    what a client downloads is what the job says."""
    jobs = [cluster.wait(job_id) for job_id in job_ids]
    assert {job["status"] for job in jobs} == {"completed"}
    since = cluster.counted() - before
    assert since["jobs:completed"] == len(jobs)
    # Beside its segments, a job that was cut has its plan and its finish.
    assert since["units:done"] == sum(1 if job["segments"]["total"] == 1 else job["segments"]["total"] + 2 for job in jobs)
    assert ends_told(cluster, job_ids) == dict.fromkeys(job_ids, 1)
    for job in jobs:
        assert hashlib.sha256(cluster.audio(job["id"])).hexdigest() == job["output"]["sha256"], job["id"]


def ends_told(cluster: Cluster, job_ids: list[str]) -> dict[str, int]:
    """How often the event log says that a job has ended."""
    ends = {f"speech.job.{end}" for end in ("completed", "failed", "cancelled", "expired")}
    told = Counter(event["job"] for event in cluster.events() if event["type"] in ends)
    return {job_id: told[job_id] for job_id in job_ids}
