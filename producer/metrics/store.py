"""The job store's numbers as metrics: the same from every producer, since they are Redis's."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from producer.metrics.described import Described, counter, gauge
from speechmill.errors import SpeechError
from speechmill.job import JobClass, Status
from speechmill.store.numbers import Numbers

JOBS = counter("speech_jobs_total", "Jobs by what became of them; accepted counts all.", "status")
FAILURES = counter("speech_job_failures_total", "Failed jobs by the code of their error.", "code")
WAIT = Described("histogram", "speech_queue_wait_seconds", "From a job's acceptance to its first claim.", ("class",))
DURATION = Described("histogram", "speech_job_duration_seconds", "From a job's first claim to its end.", ("class",))

DEPTH = gauge("speech_queue_depth", "Units waiting.", "queue")
CHARACTERS = gauge("speech_queue_characters", "Characters waiting.", "queue")
BACKLOG = gauge("speech_queue_audio_seconds", "Sound to be made: characters waiting, at the pace of all takes so far.", "queue")
LONGEST_WAIT = gauge("speech_queue_oldest_seconds", "How long the job has waited that waits longest: since it was queued, or "
                     "since a unit of it was last claimed.", "queue")
LEASED = gauge("speech_units_leased", "Units being worked on.", "queue")
SLOTS = gauge("speech_slots", "Units that ready workers take at once.", "queue")
WARMING = gauge("speech_slots_warming", "Units that workers will take at once which still warm up.", "queue")
WORKERS = gauge("speech_workers", "Workers that beat.", "role", "state")
LOST = counter("speech_workers_lost_total", "Workers that fell silent for two leases.")

UNITS = counter("speech_units_total", "Leases that ended: the unit was done, failed, was returned undone and uncharged, was "
                "stopped because its job had ended, or its worker crashed.", "outcome")
SEGMENTS = counter("speech_segments_total", "Accepted takes: spoken, or found in storage (cached).", "source")
FLAGGED = counter("speech_segments_flagged_total", "Accepted takes that failed a check.")
UTTERANCES = counter("speech_utterances_total", "What voices spoke for accepted takes; more where one was spoken again.")
AUDIO = counter("speech_audio_seconds_total", "Sound of completed jobs.")
SPEAKING = counter("speech_speaking_seconds_total", "Time that voices took for it.")
REALTIME = gauge("speech_realtime_factor", "Time to speak over duration of the sound, since the beginning.")

DELIVERIES = counter("speech_webhook_deliveries_total", "Webhook tries: delivered, due again, or given up (dead).", "outcome")
OUTBOX = gauge("speech_outbox_events", "Webhook events not delivered yet, those due later included.")
OVERDUE = gauge("speech_outbox_overdue_seconds", "How long the webhook event has been due that is due longest.")
DEAD = gauge("speech_outbox_dead_events", "Webhook events that were given up, as long as they are kept.")

REAPED = counter("speech_reaped_objects_total", "Objects deleted because they are kept no longer, and uploads that nobody "
                 "finished.", "kind")
REAPED_BYTES = counter("speech_reaped_bytes_total", "Their size, as far as it is known.", "kind")

DESCRIBED = (JOBS, FAILURES, WAIT, DURATION, DEPTH, CHARACTERS, BACKLOG, LONGEST_WAIT, LEASED, SLOTS, WARMING, WORKERS, LOST,
             UNITS, SEGMENTS, FLAGGED, UTTERANCES, AUDIO, SPEAKING, REALTIME, DELIVERIES, OUTBOX, OVERDUE, DEAD, REAPED,
             REAPED_BYTES)

ENDS = (Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.EXPIRED)
CLASSES = (JobClass.INTERACTIVE, JobClass.BATCH)
"""What a job can be; only its units become suspect."""
KINDS = ("inputs", "plans", "results", "segments", "references", "sources", "files", "uploads")
"""Of objects that are reaped."""
CODES = (*(error.code for error in SpeechError.__subclasses__()), "worker_crashed", "internal_error")
"""What jobs usually fail with."""


def store_metrics(numbers: Numbers) -> Iterator[Metric]:
    """Counters that have not counted yet are there as zero, so that a rate sees their first step."""
    yield from _jobs(numbers)
    yield from _queues(numbers)
    yield from _work(numbers)
    yield from _webhooks(numbers)
    yield from _reaped(numbers)


def _jobs(numbers: Numbers) -> Iterator[Metric]:
    yield JOBS.by({"accepted": 0, **dict.fromkeys(ENDS, 0), **numbers.counted("jobs")})
    yield FAILURES.by({**dict.fromkeys(CODES, 0), **numbers.counted("failures")})
    for described, what in ((WAIT, "wait"), (DURATION, "run")):
        yield described.histograms({klass.value: numbers.histogram(what, klass) for klass in CLASSES})


def _queues(numbers: Numbers) -> Iterator[Metric]:
    yield DEPTH.by(numbers.depth)
    yield CHARACTERS.by(numbers.backlog)
    yield BACKLOG.by(numbers.backlog_s)
    yield LONGEST_WAIT.by({queue: ms / 1000 for queue, ms in numbers.longest_wait_ms.items()})
    yield LEASED.by(numbers.leased)
    yield SLOTS.by(numbers.capacity)
    yield WARMING.by(numbers.warming)
    yield WORKERS.shown(numbers.workers)
    yield LOST.one(numbers.stats.get("workers_lost", 0))


def _work(numbers: Numbers) -> Iterator[Metric]:
    stats = numbers.stats
    yield UNITS.by({**dict.fromkeys(("done", "failed", "returned", "stopped", "crashed"), 0), **numbers.counted("units")})
    yield SEGMENTS.by({"spoken": 0, "cached": 0, **numbers.counted("segments")})
    yield FLAGGED.one(stats.get("segments_flagged", 0))
    yield UTTERANCES.one(stats.get("utterances", 0))
    yield AUDIO.one(stats.get("audio_ms", 0) / 1000)
    yield SPEAKING.one(stats.get("speak_ms", 0) / 1000)
    yield REALTIME.one(stats.get("speak_ms", 0) / max(1, stats.get("audio_ms", 0)))


def _webhooks(numbers: Numbers) -> Iterator[Metric]:
    yield DELIVERIES.by({"delivered": 0, "again": 0, "dead": 0, **numbers.counted("deliveries")})
    yield OUTBOX.one(numbers.outbox)
    yield OVERDUE.one(numbers.overdue_ms / 1000)
    yield DEAD.one(numbers.dead)


def _reaped(numbers: Numbers) -> Iterator[Metric]:
    yield REAPED.by({**dict.fromkeys(KINDS, 0), **numbers.counted("reaped")})
    yield REAPED_BYTES.by({**dict.fromkeys(KINDS, 0), **numbers.counted("reaped_bytes")})
