"""What becomes of books and their chapters, beside what becomes of every job."""

from hypothesis import strategies as st

from speechmill.job import Phase, Status
from tests.contract.store.state_machine.acts.act import act, while_some_job
from tests.contract.store.state_machine.acts.scene import CPU, EVERY_QUEUE, SPEECH, Draw, Scene, cuts, draws, seldom, sounds
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
     is_retried=st.booleans())
def chapters_fail(scene: Scene, cut: Cut, n: int, others_are_made: bool, is_retried: bool) -> None:
    """While they are planned or joined. The others of the book go on."""
    books = [job for job in scene.model.jobs.values() if _is_made(job)]
    for _ in range(n):
        for unit in scene.claim("joiner", CPU):
            scene.fail(unit, is_retryable=False)
    if others_are_made:
        scene.do_all("maker", EVERY_QUEUE, cut)
    for book in books if is_retried else []:
        scene.retry(book.id, book.tenant)


@act(often=2, when=while_some_job(_is_a_chapter_to_speak), n=st.integers(1, 4), kills=st.booleans())
def segments_of_a_chapter_cannot_be_spoken(scene: Scene, n: int, kills: bool) -> None:
    """Whoever tries says so, or dies of it."""
    for _ in range(n):
        for unit in scene.claim("speaker", SPEECH):
            if kills:
                scene.driver.crash([unit])
            else:
                scene.fail(unit, is_retryable=False)
