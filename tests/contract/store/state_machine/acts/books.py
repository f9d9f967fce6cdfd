"""What becomes of books and their chapters, beside what becomes of every job."""

from hypothesis import strategies as st

from speechmill.job import Phase, Status
from tests.contract.store.state_machine.acts.act import act, while_some_job
from tests.contract.store.state_machine.acts.scene import (
    CPU,
    EVERY_QUEUE,
    SPEECH,
    Draw,
    Scene,
    cuts,
    draws,
    seldom,
    sounds,
    workers,
)
from tests.contract.store.state_machine.model.jobs import WAITING, Cut, ModelJob, Sound


def _is_made(job: ModelJob) -> bool:
    return job.phase is Phase.PARTS and job.status is Status.IN_PROGRESS


def _is_a_chapter_to_speak(job: ModelJob) -> bool:
    return bool(job.book) and job.phase is Phase.SPEAK and bool(job.at(*WAITING))


@act(often=3, data=draws, cut=cuts, is_planned=st.booleans(), is_spoken=seldom, sound=sounds,
     twice=seldom)
def a_book_is_divided(
        scene: Scene, data: Draw, cut: Cut, is_planned: bool, is_spoken: bool, sound: Sound, twice: bool) -> None:
    """And whatever is to be planned before it. `is_planned`: so are its first chapters. `is_spoken`: and spoken, too."""
    scene.submit(scene.any_book(data))
    book_id = scene.asked[-1].job_id
    scene.plan_all(cut, lambda job: job.id == book_id or (is_planned and job.book == book_id), twice=twice)
    if is_spoken:
        scene.do_all("speaker", SPEECH, cut, sound)


@act(often=3, when=while_some_job(_is_made), cut=cuts, n=st.integers(1, 3), others_are_made=st.booleans(),
     is_segment_missing=st.sampled_from((True, True, False)), is_retried=st.booleans())
def chapters_fail(
        scene: Scene, cut: Cut, n: int, others_are_made: bool, is_segment_missing: bool, is_retried: bool) -> None:
    """While they are planned or joined. The others of the book go on."""
    books = [job for job in scene.model.jobs.values() if _is_made(job)]
    for _ in range(n):
        for unit in scene.claim("joiner", CPU):
            scene.fail(unit, is_retryable=False, is_segment_missing=is_segment_missing)
    if others_are_made:
        scene.do_all("maker", EVERY_QUEUE, cut)
    for book in books if is_retried else []:
        scene.retry(book.id, book.tenant)


@act(often=2, when=while_some_job(_is_made), data=draws, worker=workers, n=st.integers(2, 4),
     queues=st.sampled_from((CPU, SPEECH, EVERY_QUEUE)), cut=cuts)
def a_book_is_cancelled_while_its_chapters_are_made(
        scene: Scene, data: Draw, worker: str, n: int, queues: tuple[str, ...], cut: Cut) -> None:
    """By workers of which one finishes a unit of it all the same."""
    for _ in range(n):
        scene.take(worker, queues)
    book = scene.pick_job(data, _is_made)
    scene.cancel(book.id, book.tenant)
    for ref in [ref for ref in scene.hands[worker] if ref.startswith(f"{book.id}.")][:1]:
        scene.driver.finish(scene.driver.put_down(worker, ref), cut)


@act(when=while_some_job(_is_made), cut=cuts)
def books_are_made_and_deleted(scene: Scene, cut: Cut) -> None:
    """With everything else that waits. Those of which a unit is in other hands stay."""
    books = [job for job in scene.model.jobs.values() if _is_made(job)]
    scene.do_all("maker", EVERY_QUEUE, cut)
    for book in books:
        scene.delete(book.id, book.tenant)


@act(often=2, when=while_some_job(_is_a_chapter_to_speak), n=st.integers(1, 4), kills=st.booleans())
def segments_of_a_chapter_cannot_be_spoken(scene: Scene, n: int, kills: bool) -> None:
    """Whoever tries says so, or dies of it."""
    for _ in range(n):
        for unit in scene.claim("speaker", SPEECH):
            if kills:
                scene.driver.crash([unit])
            else:
                scene.fail(unit, is_retryable=False)
