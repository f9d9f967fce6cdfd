"""The audit of a chaos run can fail: each thing that must never happen is handed to it once, and it says which."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from speechmill.cli.chaos.audit import RULES, Evidence, Seen, audit
from speechmill.cli.chaos.event_log import Told
from speechmill.cli.chaos.ledger import Entry, Ledger, Story
from speechmill.cli.chaos.receiver import Received
from speechmill.cli.chaos.report import as_line, verdict
from speechmill.cli.chaos.schedule import schedule

SOUND, OTHER_SOUND = "5e" * 32, "0f" * 32


def completed(job_id: str, story: Story = Story.SHORT, **more: Any) -> Entry:
    fields: dict[str, Any] = {"key": f"key of {job_id}", "wants_event": True, "job_id": job_id, "accepted": True,
                              "accepted_s": 10.0, "status": "completed", "sha256": SOUND, "ended_s": 20.0}
    return Entry(story, **{**fields, **more})


def told(job_id: str, status: str, sha256: str = "") -> Received:
    """Its event came once, and was taken."""
    return Received(job_id, f"speech.job.{status}", sha256, 1, 1)


def good(**changes: Any) -> Evidence:
    """A run in which everything held: one job was completed, one cancelled, one was poison, one expired, one request was lost."""
    ledger = Ledger()
    ledger.entries = [
        completed("a"),
        completed("b", Story.CANCEL, status="cancelled", sha256="", cancel_asked=True),
        completed("c", Story.POISON, status="failed", sha256=""),
        completed("d", Story.DEADLINE, status="expired", sha256=""),
        Entry(Story.SYNC_HANG_UP),
    ]
    whole: dict[str, Any] = {
        "ledger": ledger,
        "jobs": {"a": Seen("completed", SOUND, audio_sha256=SOUND), "b": Seen("cancelled", content_status=409),
                 "c": Seen("failed", error_code="worker_crashed", content_status=409), "d": Seen("expired", content_status=409)},
        "log": {"a": Told(1, 1, "completed"), "b": Told(1, 0, "cancelled"), "c": Told(1, 0, "failed"),
                "d": Told(1, 0, "expired")},
        "events": {"evt_a": told("a", "completed", SOUND), "evt_b": told("b", "cancelled"), "evt_c": told("c", "failed"),
                   "evt_d": told("d", "expired")},
        "n_poisoned": 3,
        "gauges": {"speech_queue_depth": 0.0},
        "counted": {"accepted": 4, "completed": 1, "cancelled": 1, "failed": 1, "expired": 1},
    }
    return Evidence(**{**whole, **changes})


def broken(evidence: Evidence) -> set[str]:
    """The rules that were broken."""
    return {rule for rule, cases in audit(evidence).items() if cases}


def test_a_good_run_breaks_no_rule() -> None:
    assert audit(good()) == {rule: [] for rule in RULES}


def with_job(job_id: str, job: Seen | None) -> Evidence:
    evidence = good()
    jobs = {**evidence.jobs, job_id: job}
    return replace(evidence, jobs={name: seen for name, seen in jobs.items() if seen})


def with_log(job_id: str, told: Told) -> Evidence:
    evidence = good()
    return replace(evidence, log={**evidence.log, job_id: told})


def with_event(event_id: str, event: Received | None) -> Evidence:
    evidence = good()
    events = {**evidence.events, event_id: event}
    return replace(evidence, events={name: received for name, received in events.items() if received})


def with_entry(entry: Entry, seen: Seen) -> Evidence:
    """One job more, as it must be but for what is wrong with it."""
    evidence = good()
    evidence.ledger.entries.append(entry)
    counted = dict(evidence.counted)
    counted["accepted"] += 1
    counted[seen.status] += 1
    return replace(evidence, jobs={**evidence.jobs, entry.job_id: seen}, counted=counted,
                   events={**evidence.events, "evt_more": told(entry.job_id, seen.status, seen.sha256)},
                   log={**evidence.log, entry.job_id: Told(1, int(seen.status == "completed"), seen.status)})


def noted(note: Callable[[Ledger], object]) -> Evidence:
    evidence = good()
    note(evidence.ledger)
    return evidence


CASES: dict[str, tuple[Evidence, str]] = {
    "an accepted job is gone": (with_job("a", None), "lost"),
    "a job never ends": (with_job("a", Seen("in_progress")), "unfinished"),
    "a job has no end in the log": (with_log("a", Told()), "unfinished"),
    "it does not settle": (good(unsettled="a is queued"), "unfinished"),
    "a job is committed twice": (with_log("a", Told(2, 2, "completed")), "ended_twice"),
    "a job ends in two ways": (with_log("b", Told(2, 1, "cancelled")), "ended_twice"),
    "a job goes on after its end": (with_log("a", Told(1, 1, "completed", after_end=1)), "ended_twice"),
    "a job has two ending events": (with_event("evt_z", told("a", "completed", SOUND)), "ended_twice"),
    "the log says another end": (with_log("b", Told(1, 1, "completed")), "contradicted"),
    "a client was told another result": (with_job("a", Seen("completed", OTHER_SOUND, audio_sha256=OTHER_SOUND)), "contradicted"),
    "a client was told another end": (noted(lambda ledger: setattr(ledger.entries[1], "status", "completed")), "contradicted"),
    "a deleted job is still there": (noted(lambda ledger: setattr(ledger.entries[0], "deleted", True)), "contradicted"),
    "one key gave two jobs": (noted(lambda ledger: ledger.accepted(ledger.entries[0], "z", 1.0)), "contradicted"),
    "other audio came than was told": (noted(lambda ledger: ledger.heard(ledger.entries[0], OTHER_SOUND)), "contradicted"),
    "there are jobs that nobody asked for": (good(log={**good().log, "y": Told(1, 1, "completed"), "z": Told(1, 1, "completed")}),
                                             "invented"),
    "the audio has another hash": (with_job("a", Seen("completed", SOUND, audio_sha256=OTHER_SOUND)), "wrong_audio"),
    "the audio cannot be read": (with_job("a", Seen("completed", SOUND, content_status=502)), "wrong_audio"),
    "a cancelled job can be heard": (with_job("b", Seen("cancelled", content_status=200, audio_sha256=SOUND)), "visible_orphans"),
    "an event never came": (with_event("evt_a", None), "missing_events"),
    "an event was never taken": (with_event("evt_a", replace(told("a", "completed", SOUND), n_taken=0)), "missing_events"),
    "an event tells another end": (with_event("evt_b", told("b", "failed")), "missing_events"),
    "an event tells another result": (with_event("evt_a", told("a", "completed", OTHER_SOUND)), "missing_events"),
    "an event was forged": (good(forged=["evt_x"]), "forged_events"),
    "poison was spoken": (with_job("c", Seen("completed", SOUND, audio_sha256=SOUND)), "poison"),
    "poison failed as something else": (with_job("c", Seen("failed", error_code="voice_failed", content_status=409)), "poison"),
    "poison killed without bound": (good(n_poisoned=7), "poison"),
    "poison took another job along": (
        with_entry(completed("e", status="failed", sha256=""), Seen("failed", error_code="worker_crashed", content_status=409)),
        "failed_for_nothing"),
    "a job failed although nothing was wrong with it": (
        with_entry(completed("e", status="failed", sha256=""), Seen("failed", error_code="internal_error", content_status=409)),
        "failed_for_nothing"),
    "a job was cancelled and nobody asked": (
        with_entry(completed("e", status="cancelled", sha256=""), Seen("cancelled", content_status=409)), "failed_for_nothing"),
    "a job expired without a deadline": (
        with_entry(completed("e", status="expired", sha256=""), Seen("expired", content_status=409)), "failed_for_nothing"),
    "a counter did not come back to zero": (good(gauges={"speech_units_leased": 1.0}), "miscounted"),
    "a metric is missing": (good(gauges={"speech_outbox_events": None}), "miscounted"),
    "the metrics count other jobs": (good(counted={"accepted": 4, "completed": 2, "cancelled": 1, "failed": 1}), "miscounted"),
    "a process ended by itself": (good(spoiled=["the cpu-1 ended with status 1"]), "processes"),
    "the producer answered 500": (noted(lambda ledger: ledger.surprises.append("POST /v1/audio/speech: 500")), "answers"),
}


@pytest.mark.parametrize(("evidence", "rule"), CASES.values(), ids=CASES)
def test_the_audit_fails_when(evidence: Evidence, rule: str) -> None:
    assert rule in broken(evidence)
    found = verdict(1, 60, schedule(1, 60), evidence)
    assert not found["ok"]
    assert found["broken"][rule] == len(found["cases"][rule])


def test_a_job_that_three_of_our_own_kills_hit_is_excused() -> None:
    hit = with_entry(completed("e", status="failed", sha256=""), Seen("failed", error_code="worker_crashed", content_status=409))
    assert broken(replace(hit, deaths_s=[11.0, 12.0])) == {"failed_for_nothing"}
    assert broken(replace(hit, deaths_s=[11.0, 12.0, 21.0])) == {"failed_for_nothing"}
    assert broken(replace(hit, deaths_s=[11.0, 12.0, 13.0])) == set()


def test_of_a_deleted_job_nothing_is_expected() -> None:
    evidence = good()
    evidence.ledger.entries[0].deletion_asked = evidence.ledger.entries[0].deleted = True
    del evidence.jobs["a"]  # type: ignore[attr-defined]
    del evidence.events["evt_a"]  # type: ignore[attr-defined]
    assert broken(evidence) == set()


def test_the_last_line_is_one_line() -> None:
    line = as_line(verdict(1, 60, schedule(1, 60), good()))
    assert line.startswith('{"ok": true, "seed": 1,')
    assert "\n" not in line
