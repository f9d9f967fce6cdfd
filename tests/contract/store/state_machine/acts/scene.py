"""Where acts happen: the store and its model behind a driver, and what clients, couriers and the reaper remember."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from speechmill.book import BookSpec, Source
from speechmill.job import JobClass, JobError, Phase, Unit
from speechmill.request import BOOK_EVENTS, EVENT_TYPES, SpeechSpec, WebhookSpec
from speechmill.store import verbs
from speechmill.store.deliveries import DueEvent
from speechmill.store.verbs import Submission
from tests.contract.store.state_machine.driver import PLAIN, WHOLE, WORKERS, Driver
from tests.contract.store.state_machine.model.jobs import WAITING, Cut, ModelJob, Sound
from tests.contract.store.state_machine.model.model import Model

Draw = st.DataObject

TENANTS = ("ada", "ben", "cyd")
CLASSES = (JobClass.INTERACTIVE, JobClass.SUSPECT, JobClass.BATCH)
SPEECH = tuple(f"speech:tone:{klass.value}" for klass in CLASSES)
BELL = tuple(f"speech:bell:{klass.value}" for klass in CLASSES)
CPU = tuple(f"cpu:{klass.value}" for klass in CLASSES)
EVERY_QUEUE = SPEECH + CPU + BELL


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The others once in five times."""
    return st.sampled_from((usual,) * 4 * len(others) + others)


draws = st.data()
seldom = mostly(False, True)
workers = st.sampled_from(WORKERS)
sounds = st.builds(Sound, seldom, st.booleans())
cuts = st.builds(
    Cut, st.lists(st.integers(1, 280), min_size=1, max_size=6).map(tuple),
    st.sampled_from(((100,), (50, 200), (1, 200, 30), (10, 20, 30, 40), ())), st.integers(1, 3))
claimed_queues = st.one_of(
    st.just(EVERY_QUEUE), st.just(SPEECH), st.just(SPEECH), st.just(CPU), st.just(BELL),
    st.lists(st.sampled_from(SPEECH + CPU), min_size=1, max_size=3, unique=True))
_hooks = st.sampled_from(((), EVENT_TYPES[2:], EVENT_TYPES, ("speech.job.failed", "book.failed"), BOOK_EVENTS))
SOURCE = Source(sha256="0", name="book.txt", bytes=1)


@dataclass
class Scene:
    driver: Driver
    asked: list[Submission] = field(default_factory=list)
    deliveries: list[DueEvent] = field(default_factory=list)
    reaping: list[str] = field(default_factory=list)

    @property
    def model(self) -> Model:
        return self.driver.model

    @property
    def hands(self) -> dict[str, dict[str, Unit]]:
        return self.driver.hands

    # Clients --------------------------------------------------------------------------------------------------------------

    def any_submission(self, data: Draw) -> Submission:
        n = len(self.asked) + 1
        hook, is_long = data.draw(_hooks, "hook"), data.draw(seldom, "is_long")
        spec = SpeechSpec(
            model=data.draw(mostly("tone", "bell"), "model"), voice="low", language="en",
            deadline=data.draw(mostly(None, 5, 60), "deadline"), klass=data.draw(mostly(JobClass.BATCH, JobClass.INTERACTIVE)),
            expires_after=data.draw(mostly(None, 3600), "expires_after"),
            webhook=WebhookSpec(url="https://example.com", events=hook) if hook else None)
        return Submission(
            job_id="", tenant=data.draw(st.sampled_from(TENANTS), "tenant"), spec=spec, text="Hello.", input_key="",
            phase=Phase.PLAN if is_long else Phase.WHOLE, characters=data.draw(st.integers(1, 280), "characters"),
            request_id=f"req_{n}", route="jobs", fingerprint=data.draw(mostly(f"print{n}", "a", "b"), "fingerprint"),
            idempotency_key=data.draw(mostly("", "k"), "idempotency_key"), attach=data.draw(seldom, "attach"),
            waiter=data.draw(st.sampled_from(("", "", f"waiter{n}")), "waiter"),
            queue_limit=data.draw(mostly(1000, 2), "queue_limit"))

    def any_book(self, data: Draw) -> Submission:
        asked = self.any_submission(data)
        spec = BookSpec.model_validate({**asked.spec.model_dump(), "source": SOURCE})
        return replace(asked, spec=spec, phase=Phase.PLAN, route="books")

    def submit(self, asked: Submission, *, twice: bool = False) -> None:
        """Under its own id, or a new one where it has none."""
        if not asked.job_id:
            kind = "book" if isinstance(asked.spec, BookSpec) else "speech"
            asked = replace(asked, job_id=f"{kind}_{len(self.asked) + 1:06d}")
        self.driver.submit(asked, twice=twice)
        self.asked.append(asked)

    def retry_of(self, unit: Unit) -> None:
        """The client asks once more for the job, or the book, that this is a unit of."""
        self.retry(unit.job_id.partition(".")[0], unit.tenant)

    def retry(self, job_id: str, tenant: str, *, queue_limit: int = 1000, twice: bool = False) -> None:
        self.driver.told(verbs.retry(job_id, tenant, queue_limit=queue_limit),
                         lambda: self.model.retry(job_id, tenant, queue_limit), twice=twice)

    def cancel(self, job_id: str, tenant: str, *, twice: bool = False) -> None:
        self.driver.told(verbs.cancel(job_id, tenant), lambda: self.model.cancel(job_id, tenant), twice=twice)

    def delete(self, job_id: str, tenant: str) -> None:
        assert self.driver.store.run(verbs.delete(job_id, tenant)) == self.model.delete(job_id, tenant)

    def pick_job(self, data: Draw, is_meant: Callable[[ModelJob], bool]) -> ModelJob:
        """One that is meant; sometimes any other."""
        jobs = self.model.jobs.values()
        job_ids = [job.id for job in jobs] + 8 * [job.id for job in jobs if is_meant(job)]
        return self.model.jobs[data.draw(st.sampled_from(job_ids), "job")]

    # Workers --------------------------------------------------------------------------------------------------------------

    def held(self) -> list[tuple[str, str]]:
        """Worker and unit."""
        return [(worker, ref) for worker in WORKERS for ref in self.hands[worker]]

    def pick_held(self, data: Draw) -> Unit:
        """Out of the hands of the worker that held it."""
        return self.driver.put_down(*data.draw(st.sampled_from(self.held()), "held"))

    def take(self, worker: str, queues: Sequence[str]) -> None:
        """Into the hands of the worker."""
        if unit := self.driver.claim(worker, queues):
            self.hands[worker] |= {one.ref: one for one in (unit, *unit.company)}

    def claim(self, worker: str, queues: Sequence[str]) -> tuple[Unit, ...]:
        """By a worker that has done with the unit, and its company, before the next step."""
        unit = self.driver.claim(worker, queues)
        units = (unit, *unit.company) if unit else ()
        self.driver.past += units
        return units

    def do_all(self, worker: str, queues: Sequence[str], cut: Cut = WHOLE, sound: Sound = PLAIN) -> None:
        while units := self.claim(worker, queues):
            for unit in units:
                self.driver.finish(unit, cut, sound)

    def plan_all(self, cut: Cut, is_meant: Callable[[ModelJob], bool] = lambda job: True, *,
                 twice: bool = False) -> None:
        """That is meant, and whatever else is done before it."""
        while any(job.phase is Phase.PLAN and job.at(*WAITING) and is_meant(job) for job in self.model.jobs.values()):
            for unit in self.claim("planner", CPU):
                self.driver.finish(unit, cut, twice=twice)

    def fail(self, unit: Unit, *, is_retryable: bool, is_segment_missing: bool = True, twice: bool = False) -> None:
        """A finish step for want of a segment, or not; others never are."""
        code = "segment_missing" if unit.phase is Phase.FINISH and is_segment_missing else "voice_failed"
        self.driver.fail(unit, JobError(code=code, message="broke", retryable=is_retryable), twice=twice)
