"""What must hold in the store at every moment, told from its own records alone: no model is asked here."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from speechmill.job import TERMINAL, TRANSITIONS, Status
from tests.contract.store.state_machine.checks.books import check_book
from tests.contract.store.state_machine.checks.snapshot import Snapshot
from tests.contract.store.state_machine.model.jobs import LogEntry

OPEN = {Status.QUEUED, Status.IN_PROGRESS}

OWN_BY_JOB = ("job", "index", "segments", "again", "leased", "suspected", "waiters")
"""Kinds of keys that are named by a job alone."""
LISTS = {"speech.job": "jobs", "book": "books"}
"""Kind of job -> kind of keys that list them. Chapters are listed nowhere."""
SINGLE = {"order", "fence", "leases", "depth", "backlog", "leased", "capacity", "warming", "weights", "deadlines", "expiry",
          "forget", "events", "outbox", "outboxes", "dead", "workers", "figures", "catalogue", "stats", "sweeping", "swept",
          "amnesty", "incidents", "tenants"}
"""Keys that stand for themselves."""


def check_invariants(now: Snapshot) -> None:
    """Raises AssertionError that says what is wrong."""
    for job_id in now.named("job"):
        each_unit_is_in_exactly_one_place(now, job_id)
    leases_are_told_alike_everywhere(now)
    tokens_are_given_once(now)
    counters_equal_a_recount(now)
    who_waits_stands_in_line(now)
    jobs_are_listed_by_their_status(now)
    histories_are_lawful(now.log())
    events_are_those_of_the_log(now)
    every_key_is_named_by_a_record(now)
    for book_id in now.named("job"):
        if "parts" in now.job(book_id):
            check_book(now, book_id)


def check_succession(before: Snapshot, after: Snapshot) -> None:
    """What must hold between two moments. The log is the jobs' history, so it only grows."""
    assert int(after.text("fence") or 0) >= int(before.text("fence") or 0), "tokens only grow"
    assert after.log()[:len(before.log())] == before.log(), "history is not rewritten"
    for job_id in set(before.named("job")) & set(after.named("job")):
        old, new = before.job(job_id), after.job(job_id)
        assert int(new["progress"]) >= int(old["progress"]), f"{job_id}: progress never falls"
        assert int(new["attempts"]) >= int(old["attempts"]), job_id
        if "final_token" in old:
            assert (new["final_token"], new["output"]) == (old["final_token"], old["output"]), f"{job_id}: committed once"


def each_unit_is_in_exactly_one_place(now: Snapshot, job_id: str) -> None:
    job = now.job(job_id)
    status, phase = Status(job["status"]), job["phase"]
    names = _unit_names(job)
    fresh = names[int(job["cursor"]):]
    again = now.items("again:" + job_id)
    leased = [_name(ref) for ref in now.items("leased:" + job_id)]
    suspected = [_name(ref) for ref in now.items("suspected:" + job_id)]
    done = list(now.hash("segments:" + job_id)) if phase == "speak" else []
    if status in OPEN:
        assert Counter(fresh + again + leased + suspected + done) == Counter(names), f"{job_id}: each unit in one place"
        queued = fresh + again if is_opened(now, job_id) else []
        assert int(job["queued"]) == len(queued), f"{job_id}: queued"
        assert int(job["queued_chars"]) == sum(_characters(now, job_id, name) for name in queued), f"{job_id}: queued_chars"
    else:
        assert (job["queued"], job["queued_chars"], suspected) == ("0", "0", []), f"{job_id} is {status}: nothing of it waits"
        assert bool(leased) == (status is Status.CANCELLING and phase != "parts"), f"{job_id} is {status}: {leased} are leased"
    if status is Status.FAILED:
        assert Counter(fresh + again + done) == Counter(names), f"{job_id}: all that is not done can be retried"
    was_only_read = job_id.startswith("book_") and phase == "plan"
    has_result = status is Status.COMPLETED and not was_only_read
    assert ("final_token" in job) == has_result, f"{job_id}: a result is there when it is published"
    assert (job["progress"] == "100") == (status is Status.COMPLETED), f"{job_id}: progress"
    assert int(job["done"]) == len(now.hash("segments:" + job_id)), f"{job_id}: done"


def leases_are_told_alike_everywhere(now: Snapshot) -> None:
    by_job = {ref for job_id in now.named("leased") for ref in now.items("leased:" + job_id)}
    by_worker = {(worker, ref) for worker in now.named("held") for ref in now.items("held:" + worker)}
    owners = {(now.hash("unit:" + ref)["owner"], ref) for ref in now.named("unit") if "token" in now.hash("unit:" + ref)}
    assert by_job == set(now.scores("leases")) == {ref for _, ref in owners}
    assert by_worker == owners
    by_queue = Counter(now.hash("unit:" + ref)["queue"] for ref in by_job)
    assert now.counts("leased") == dict(by_queue), "units leased, by queue"


def tokens_are_given_once(now: Snapshot) -> None:
    tokens = [int(now.hash("unit:" + ref)["token"]) for ref in now.scores("leases")]
    tokens += [int(now.job(job_id)["final_token"]) for job_id in now.named("job") if "final_token" in now.job(job_id)]
    assert len(tokens) == len(set(tokens))
    assert all(token <= int(now.text("fence") or 0) for token in tokens)


def counters_equal_a_recount(now: Snapshot) -> None:
    depth: Counter[str] = Counter()
    backlog: Counter[str] = Counter()
    for job_id in now.named("job"):
        job = now.job(job_id)
        depth[_queue(job)] += int(job["queued"])
        backlog[_queue(job)] += int(job["queued_chars"])
    for queue in now.named("suspects"):
        for ref in _suspects(now, queue):
            depth[queue] += 1
            backlog[queue] += int(now.hash("unit:" + ref)["characters"])
    assert now.counts("depth") == {queue: n for queue, n in depth.items() if n}
    assert now.counts("backlog") == {queue: n for queue, n in backlog.items() if n}
    slots: dict[str, Counter[str]] = {"ready": Counter(), "warming": Counter()}
    for worker in now.named("worker"):
        record = now.hash("worker:" + worker)
        for name, n in record.items():
            if name.startswith("cap:") and record["state"] in slots:
                slots[record["state"]][name.removeprefix("cap:")] += int(n)
    assert now.counts("capacity") == {queue: n for queue, n in slots["ready"].items() if n}
    assert now.counts("warming") == {queue: n for queue, n in slots["warming"].items() if n}


def who_waits_stands_in_line(now: Snapshot) -> None:
    """And nobody else does. Suspects stand in groups of their own."""
    in_line: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for job_id in now.named("job"):
        job = now.job(job_id)
        if int(job["queued"]):
            in_line[_queue(job)][job["tenant"]].add(job_id)
    found: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for name in now.named("ring"):
        queue, tenant = _queue_and_tenant(name)
        if tenant:
            found[queue][tenant] = set(now.scores("ring:" + name))
        else:
            assert set(now.scores("ring:" + name)) == set(in_line[queue]), f"tenants in the ring of {queue}"
            assert not set(now.hash("tags:" + queue)) & set(in_line[queue]), f"a tenant is in {queue} or has left it"
    assert {queue: dict(tenants) for queue, tenants in in_line.items() if tenants} == dict(found)
    waits = {queue: set(now.scores("waits:" + queue)) for queue in now.named("waits")}
    jobs = {queue: {job_id for waiting in tenants.values() for job_id in waiting} for queue, tenants in found.items()}
    assert waits == jobs | {queue: set(_suspects(now, queue)) for queue in now.named("suspects")}, "who waits since when"
    suspects = [ref for queue in now.named("suspects") for ref in _suspects(now, queue)]
    suspected = [ref for job_id in now.named("suspected") for ref in now.items("suspected:" + job_id)]
    assert sorted(suspects) == sorted(suspected)
    grouped = [ref for ref in now.named("unit") if {"group", "token"} & set(now.hash("unit:" + ref)) == {"group"}]
    stopping = {job_id for job_id in now.named("job") if now.job(job_id)["status"] == Status.CANCELLING}
    assert {ref for ref in grouped if ref.rpartition("/")[0] not in stopping} == set(suspects), "who has crashed waits apart"
    listed = [name for queue in now.named("suspects") for name in now.items("suspects:" + queue)]
    assert sorted(listed) == now.named("group"), "each group waits once"
    for name in listed:
        assert {now.hash("unit:" + ref)["group"] for ref in now.items("group:" + name)} == {name}, f"group {name}"


def jobs_are_listed_by_their_status(now: Snapshot) -> None:
    listed: dict[str, dict[str, float]] = defaultdict(dict)
    for job_id in now.named("job"):
        job, kind = now.job(job_id), kind_of(job_id)
        if kind != "book.chapter":
            for name in (job["tenant"], f"{job['tenant']}:{job['status']}"):
                listed[f"{LISTS[kind]}:{name}"][job_id] = float(job["order"])
    assert {name: now.scores(name) for kind in LISTS.values() for name in _with(kind + ":", now.named(kind))} == dict(listed)


def histories_are_lawful(log: list[LogEntry]) -> None:
    """Types are those of the job's kind, statuses follow the state machine's table, versions count, progress never falls, and a
    job commits once."""
    last: dict[str, LogEntry] = {}
    for entry in log:
        kind = kind_of(entry.job)
        assert entry.type.rpartition(".")[0] == kind, entry
        before = last.get(entry.job) or (LogEntry(entry.job, "", "queued", 0, 1) if kind == "book.chapter" else None)
        if before is None:
            assert (entry.status, entry.version) == (Status.QUEUED, 1), entry
        else:
            assert entry.version == before.version + 1, (before, entry)
            assert entry.progress >= before.progress, (before, entry)
            same = entry.status == before.status and Status(entry.status) not in TERMINAL
            assert same or Status(entry.status) in TRANSITIONS[Status(before.status)], (before, entry)
        last[entry.job] = entry
    commits = Counter(entry.job for entry in log if entry.status == Status.COMPLETED)
    assert not [job_id for job_id, n in commits.items() if n > 1]


def events_are_those_of_the_log(now: Snapshot) -> None:
    log = now.log()
    logged = Counter((entry.job, entry.type) for entry in log)
    stored = Counter((event["job"], event["type"]) for event in map(now.hash, _with("event:", now.named("event"))))
    assert not stored - logged, "an event for the outbox that is not in the log"
    latest = {entry.job: (entry.status, entry.version) for entry in log}
    for job_id in now.named("job"):
        job, began = now.job(job_id), {"book.chapter": (Status.QUEUED.value, 1)}.get(kind_of(job_id))
        assert (job["status"], int(job["version"])) == latest.get(job_id, began), f"{job_id}: every change is in the log"
    waiting, settled = set(now.scores("outbox")), {name for name in now.named("event") if now.mortal("event:" + name)}
    assert waiting | settled == set(now.named("event")), "an event waits or is settled"
    assert not waiting & settled
    ends = Counter((_counted_as(entry.job), entry.status) for entry in log if Status(entry.status) in TERMINAL)
    stats = now.counts("stats")
    counted = {(what, status.value): stats.get(f"{what}:{status.value}", 0) for what in ("jobs", "parts") for status in TERMINAL}
    assert counted == {end: ends[end] for end in counted}
    accepted = sum(entry.version == 1 for entry in log)
    assert stats.get("jobs:accepted", 0) == accepted


def every_key_is_named_by_a_record(now: Snapshot) -> None:
    jobs = set(now.named("job"))
    for part in jobs:
        book, _, number = part.rpartition(".")
        assert not book or int(number) <= int(now.job(book).get("parts", "0")), f"{part} of no book"
    for kind in OWN_BY_JOB:
        assert set(now.named(kind)) <= jobs, f"{kind}: of jobs that are not there"
    for ref in now.named("unit"):
        job = now.job(ref.rpartition("/")[0])
        assert job, f"unit:{ref} of no job"
        assert Status(job["status"]) not in TERMINAL, f"unit:{ref} of a job that has ended"
    for key in ("deadlines", "expiry", "forget"):
        assert set(now.scores(key)) <= jobs, key
    assert set(now.scores("outbox")) <= set(now.named("event"))
    assert set(now.scores("outboxes")) == set(now.named("outbox")), "who has events in the outbox stands in line"
    for tenant in now.named("posting"):
        assert set(now.scores("posting:" + tenant)) <= set(now.scores("outbox:" + tenant)), "who delivers it may die"
    rings = set(now.named("ring"))
    assert {name for name in now.named("clock") if _queue_and_tenant(name)[1]} <= rings, "a clock without its ring"
    unknown = now.keys - SINGLE - set(_known_families(now))
    assert not unknown, f"keys that no record names: {sorted(unknown)}"


def _known_families(now: Snapshot) -> Iterator[str]:
    for kind in (*OWN_BY_JOB, "unit", "held", "ring", "clock", "tags", "suspects", "group", *LISTS.values(), "event", "worker",
                 "waits", "celery"):
        yield from _with(kind + ":", now.named(kind))
    for kind in ("outbox", "posting"):
        yield from (f"{kind}:{tenant}" for tenant in now.named(kind) if tenant in now.scores("outboxes"))
    for kind in ("idem", "same", "usage", "dead"):
        yield from filter(now.mortal, _with(kind + ":", now.named(kind)))


def kind_of(job_id: str) -> str:
    """What the types of its events start with."""
    if not job_id.startswith("book_"):
        return "speech.job"
    return "book.chapter" if "." in job_id else "book"


def is_opened(now: Snapshot, job_id: str) -> bool:
    """Whether it may wait in a queue: a chapter may when its book has come to it."""
    book, _, number = job_id.rpartition(".")
    return not book or int(number) <= int(now.job(book)["opened"])


def _counted_as(job_id: str) -> str:
    return "parts" if kind_of(job_id) == "book.chapter" else "jobs"


def _unit_names(job: dict[str, str]) -> list[str]:
    if job["phase"] == "speak":
        return [str(n) for n in range(int(job["units"]))]
    return [] if job["phase"] == "parts" else [job["phase"]]


def _suspects(now: Snapshot, queue: str) -> list[str]:
    return [ref for group in now.items("suspects:" + queue) for ref in now.items("group:" + group)]


def _with(start: str, names: list[str]) -> list[str]:
    return [start + name for name in names]


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]


def _characters(now: Snapshot, job_id: str, name: str) -> int:
    return now.segment_characters(job_id)[int(name)] if name.isdigit() else int(now.job(job_id)["characters"])


def _queue(job: dict[str, str]) -> str:
    if job["phase"] in ("plan", "finish"):
        return f"cpu:{job['class']}"
    return f"speech:{job['model']}:{job['class']}"


def _queue_and_tenant(name: str) -> tuple[str, str]:
    parts = name.split(":")
    n = 3 if parts[0] == "speech" else 2
    return ":".join(parts[:n]), ":".join(parts[n:])


