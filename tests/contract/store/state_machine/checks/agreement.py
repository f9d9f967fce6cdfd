"""Whether the store holds exactly what the model says, record by record."""

import json
from collections.abc import Mapping

from speechmill.job import Phase, Status
from tests.contract.store.state_machine.checks.snapshot import Snapshot
from tests.contract.store.state_machine.model.jobs import WAITING, ModelJob, ModelUnit, Place
from tests.contract.store.state_machine.model.lines import Line
from tests.contract.store.state_machine.model.model import Model

OPEN = (Status.QUEUED, Status.IN_PROGRESS)


def check_agreement(model: Model, snapshot: Snapshot) -> None:
    """Raises AssertionError that names the first record that differs."""
    assert snapshot.named("job") == sorted(model.jobs)
    for job in model.jobs.values():
        _check_job(job, snapshot)
        if job.n_chapters:
            _check_book(job, model, snapshot)
    _check_units(model, snapshot)
    _check_queues(model, snapshot)
    _check_dates(model, snapshot)
    _check_workers(model, snapshot)
    _check_events(model, snapshot)
    assert snapshot.counts("stats") == _positive(model.stats)
    assert int(snapshot.text("fence") or 0) == model.fence
    assert int(snapshot.text("order") or 0) == model.orders
    assert int(snapshot.text("incidents") or 0) == model.incidents


def _check_job(job: ModelJob, snapshot: Snapshot) -> None:
    record = snapshot.job(job.id)
    waiting = job.at(*WAITING)
    expected = {
        "tenant": job.tenant, "status": job.status.value, "phase": job.phase.value, "class": job.klass.value, "model": job.model,
        "characters": job.characters, "units": len(job.units), "segments": job.n_segments, "progress": job.progress,
        "queued": len(waiting), "queued_chars": sum(unit.characters for unit in waiting), "done": len(job.takes),
        "flagged": sum(take.is_flagged for take in job.takes.values()), "done_chars": job.spoken_characters,
        "speak_chars": sum(job.segments) or job.asked_characters, "attempts": job.attempts, "version": job.version,
        "order": job.order, "created": job.created_ms, "started": job.started_ms, "ended": job.ended_ms,
        "expires": job.expires_ms, "deadline": job.deadline_ms, "plan_token": job.plan_token, "final_token": job.final_token,
        "abandoned": 1 if job.abandoned else None, "parts": job.n_chapters,
        "cancelled": job.ended_ms if job.status is Status.CANCELLED else None,
    }
    found = {name: record.get(name) for name in expected}
    assert found == {name: None if value is None else str(value) for name, value in expected.items()}, job.id
    assert (f'"code":"{job.error}"' in record.get("error", "")) if job.error else "error" not in record, job.id
    assert ("input" in record) == _keeps_text(job), job.id
    assert ("output" in record) == (job.final_token is not None), job.id
    takes = snapshot.hash("segments:" + job.id)
    assert takes.keys() == {str(n) for n in job.takes}, job.id
    assert {n: json.loads(takes[str(n)])["token"] for n in job.takes} == {n: take.token for n, take in job.takes.items()}, job.id
    assert int(record.get("cached", "0")) == sum(take.is_cached for take in job.takes.values()), job.id
    assert set(snapshot.items("waiters:" + job.id)) == (job.waiters or set()), job.id
    assert _names(job.at(Place.LEASED)) == set(snapshot.items("leased:" + job.id)), job.id
    assert _names(job.at(Place.SUSPECT)) == set(snapshot.items("suspected:" + job.id)), job.id
    if job.status in OPEN or job.status is Status.FAILED:
        back = [unit for unit in job.at(Place.LATER, Place.BACK, Place.STOPPED) if unit.was_claimed]
        again = snapshot.items("again:" + job.id)
        assert sorted(again) == sorted(unit.name for unit in back), job.id
    cut = job.segments if job.status is not Status.COMPLETED else []
    assert snapshot.segment_characters(job.id) == cut, job.id


def _keeps_text(job: ModelJob) -> bool:
    """Until it is cut or spoken; that of a book, which says how it was ordered, as long as the book."""
    if job.is_of_a_book:
        return not job.book
    return job.phase in (Phase.WHOLE, Phase.PLAN) and job.status is not Status.COMPLETED


def _check_book(book: ModelJob, model: Model, snapshot: Snapshot) -> None:
    """What it counts of its chapters."""
    record, chapters = snapshot.job(book.id), model.chapters_of(book)
    n_done = sum(chapter.status is Status.COMPLETED for chapter in chapters)
    assert ("contents" in record) == (book.plan_token is not None), book.id
    counts = tuple(int(record[name]) for name in ("opened", "window", "parts_done"))
    assert counts == (book.opened, book.window, n_done), book.id
    if book.status in (*OPEN, Status.CANCELLING):
        counts = tuple(int(record[name]) for name in ("running", "speaking"))
        assert counts == (len(model.running(book)), len(model.speaking(book))), book.id
    if book.status in (*OPEN, Status.FAILED):
        assert int(record["weight_done"]) == sum(chapter.spoken_text for chapter in chapters), book.id


def _check_units(model: Model, snapshot: Snapshot) -> None:
    known = {unit.ref: unit for job in model.jobs.values() for unit in job.units.values() if unit.attempt}
    assert snapshot.named("unit") == sorted(known)
    for ref, unit in known.items():
        record, lease = snapshot.hash("unit:" + ref), unit.lease
        assert record.get("token") == (str(lease.token) if lease else None), ref
        if lease:
            found = (record["owner"], record["queue"], int(record["claimed"]))
            assert found == (lease.worker, lease.queue, lease.claimed_ms), ref
        charged = tuple(int(record.get(name, "0")) for name in ("characters", "attempt", "tries"))
        assert charged == (unit.characters, unit.attempt, unit.tries), ref
        assert (len(json.loads(record.get("crashes", "[]"))), record.get("group", "")) == (unit.crashes, unit.group), ref
    assert snapshot.scores("leases") == {unit.ref: lease.ends_ms for unit, lease in model.leases()}
    held: dict[str, set[str]] = {}
    for unit, lease in model.leases():
        held.setdefault(lease.worker, set()).add(unit.ref)
    assert {worker: set(snapshot.items("held:" + worker)) for worker in snapshot.named("held")} == held


def _check_queues(model: Model, snapshot: Snapshot) -> None:
    queues = set(model.lines) | set(model.suspects) | set(snapshot.hash("depth"))
    depth = {queue: len(model.waiting_in(queue)) for queue in queues}
    backlog = {queue: sum(unit.characters for unit in model.waiting_in(queue)) for queue in queues}
    assert snapshot.counts("depth") == _positive(depth)
    assert snapshot.counts("backlog") == _positive(backlog)
    assert snapshot.counts("leased") == _positive({queue: model.leased_from(queue) for queue in queues})
    for queue, line in model.lines.items():
        _check_line(queue, line, snapshot)
    for queue, groups in model.suspects.items():
        # The next one stands last.
        assert snapshot.items("suspects:" + queue) == list(reversed(groups)), queue
        for name, group in groups.items():
            assert snapshot.items("group:" + name) == [unit.ref for unit in group], name


def _check_line(queue: str, line: Line, snapshot: Snapshot) -> None:
    assert snapshot.scores("ring:" + queue) == line.tags, queue
    assert {tenant: float(tag) for tenant, tag in snapshot.hash("tags:" + queue).items()} == line.left_with, queue
    assert float(snapshot.text("clock:" + queue) or 0) == line.clock, queue
    for tenant, jobs in line.jobs.items():
        assert snapshot.scores(f"ring:{queue}:{tenant}") == jobs.tags, (queue, tenant)
        assert float(snapshot.text(f"clock:{queue}:{tenant}") or 0) == jobs.clock, (queue, tenant)


def _check_dates(model: Model, snapshot: Snapshot) -> None:
    jobs = model.jobs.values()
    assert snapshot.scores("deadlines") == {job.id: job.deadline_ms for job in jobs if job.deadline_stands}
    assert snapshot.scores("expiry") == {
        job.id: job.expires_ms for job in jobs if job.expires_ms is not None and job.forget_ms is None}
    assert snapshot.scores("forget") == {job.id: job.forget_ms for job in jobs if job.forget_ms is not None}


def _check_workers(model: Model, snapshot: Snapshot) -> None:
    assert snapshot.scores("workers") == {name: worker.beat_ms for name, worker in model.workers.items()}
    enlisted = {name: worker for name, worker in model.workers.items() if worker.slots is not None}
    assert snapshot.named("worker") == sorted(enlisted)
    queues = {queue for worker in enlisted.values() for queue in worker.slots or {}}
    for key, state in (("capacity", "ready"), ("warming", "warming")):
        assert snapshot.counts(key) == _positive({queue: model.slots(queue, state) for queue in queues})


def _check_events(model: Model, snapshot: Snapshot) -> None:
    assert snapshot.log() == model.log
    assert snapshot.named("event") == sorted(model.events)
    for name, event in model.events.items():
        record = snapshot.hash("event:" + name)
        found = (record["job"], record["tenant"], record["type"], int(record["at"]), int(record["tries"]))
        assert found == (event.job, event.tenant, event.type, event.at_ms, event.tries), name
    assert snapshot.scores("outbox") == {
        name: event.due_ms for name, event in model.events.items() if event.due_ms is not None}
    assert snapshot.scores("outboxes") == model.turns
    for tenant in model.weights:
        its = {name: event for name, event in model.events.items() if event.tenant == tenant}
        assert snapshot.scores("outbox:" + tenant) == {
            name: event.due_ms for name, event in its.items() if event.due_ms is not None}
        assert snapshot.scores("posting:" + tenant) == {
            name: event.held_until_ms for name, event in its.items() if event.held_until_ms is not None}
        # What is no longer kept leaves a tenant's list when the next one is added, or the list is read.
        listed = {name: at_ms for name, at_ms in snapshot.scores("dead:" + tenant).items() if name in its}
        assert listed == {name: at_ms for name, at_ms in model.dead.items() if name in its}
    assert snapshot.scores("dead") == model.dead


def _names(units: list[ModelUnit]) -> set[str]:
    return {unit.ref for unit in units}


def _positive(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: n for name, n in counts.items() if n}
