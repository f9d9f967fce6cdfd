"""Books in the model: a book is a job whose chapters are jobs, made a few at a time. Whatever the store counts of them is
recounted here from the chapters."""

from speechmill.job import TERMINAL, TRANSITIONS, Phase, Status
from tests.contract.store.state_machine.model.jobs import Cut, ModelJob, ModelTake, ModelUnit, Place, Sound
from tests.contract.store.state_machine.model.moves import Moves

SILENCE = Sound(is_flagged=True, n_utterances=0, duration_ms=100)
"""What stands for a segment of a chapter that can't be spoken."""


class Books(Moves):

    def chapters_of(self, job: ModelJob) -> list[ModelJob]:
        return [self.jobs[f"{job.id}.{n}"] for n in range(1, (job.n_chapters or 0) + 1)]

    def running(self, job: ModelJob) -> list[ModelJob]:
        """The chapters that were opened and have not ended."""
        return [chapter for chapter in self.chapters_of(job)[:job.opened] if chapter.status not in TERMINAL]

    def speaking(self, job: ModelJob) -> list[ModelJob]:
        """Those of them that have more to do than to be joined."""
        return [chapter for chapter in self.running(job) if chapter.phase is not Phase.FINISH]

    def most_to_join(self, book: ModelJob) -> int:
        return 2 * max(1, self.slots(f"cpu:{book.klass.value}", "ready"))

    # Its way --------------------------------------------------------------------------------------------------------------

    def divide(self, book: ModelJob, cut: Cut) -> None:
        book.phase, book.units = Phase.PARTS, {}
        book.n_chapters, book.window, book.characters = len(cut.chapters), cut.window, sum(cut.chapters)
        for number, characters in enumerate(cut.chapters, 1):
            chapter = ModelJob.chapter(book, number, characters, self.now_ms)
            self.jobs[chapter.id] = chapter
        self.record(book, "planned")
        self.go_on(book)

    def go_on(self, book: ModelJob) -> None:
        """Open the next chapters; with none left, bind the book, unless one has failed."""
        if (book.status, book.phase) != (Status.IN_PROGRESS, Phase.PARTS):
            return
        chapters = self.chapters_of(book)
        for chapter in chapters[book.opened:]:
            speaking = len(self.speaking(book))
            if speaking == book.window or len(self.running(book)) - speaking >= self.most_to_join(book):
                break
            book.opened += 1
            if chapter.status is Status.QUEUED:
                self.enqueue_what_waits(chapter)
        if self.running(book):
            return
        failed = [chapter for chapter in chapters if chapter.status is Status.FAILED]
        if failed:
            self.close(book, Status.FAILED, failed[0].error)
        else:
            self.turn_to_finish(book)

    def advance(self, job: ModelJob) -> None:
        """A segment of it has been dealt with."""
        if self.ended_by_its_last_lease(job):
            return
        self._progress(job, job.spoken_characters, sum(job.segments))
        if job.book and (book := self.jobs[job.book]).status is Status.IN_PROGRESS:
            self._progress(book, sum(chapter.spoken_text for chapter in self.chapters_of(book)), book.characters)
        if job.status is Status.IN_PROGRESS and all(unit.place is Place.DONE for unit in job.units.values()):
            self.turn_to_finish(job)
            if job.book:
                self.go_on(self.jobs[job.book])

    def _progress(self, job: ModelJob, done: int, total: int) -> None:
        before = job.progress
        job.progress = max(before, min(99, 100 * done // total))
        self.record(job, "progress" if job.progress // 10 > before // 10 else "segment")

    def give_up(self, unit: ModelUnit, error: str) -> None:
        """A book is not lost for a sentence."""
        job = self.jobs[unit.job]
        if not job.book or job.phase is not Phase.SPEAK:
            super().give_up(unit, error)
            return
        unit.place = Place.DONE
        unit.forget_charges()
        self.keep_take(job, int(unit.name), ModelTake(0, True, False, unit.characters), SILENCE)
        self.advance(job)

    # Its end --------------------------------------------------------------------------------------------------------------

    def close(self, job: ModelJob, status: Status, error: str = "") -> None:
        super().close(job, status, error)
        for chapter in self.chapters_of(job):
            if status in (Status.CANCELLED, Status.EXPIRED) and status in TRANSITIONS[chapter.status]:
                self.close(chapter, status, error)
        if job.book:
            self._has_ended(self.jobs[job.book])

    def _has_ended(self, book: ModelJob) -> None:
        """A chapter of it has."""
        if book.status not in TERMINAL and not self.ended_by_its_last_lease(book):
            self.go_on(book)

    def ended_by_its_last_lease(self, job: ModelJob) -> bool:
        """Of a book: by its last chapter."""
        return not self.running(job) and super().ended_by_its_last_lease(job)

    def stop(self, job: ModelJob) -> None:
        """One that nobody works on ends at once."""
        running = self.running(job)
        if not running and not job.at(Place.LEASED):
            self.close(job, Status.CANCELLED)
            return
        self.withdraw(job)
        self.move(job, Status.CANCELLING)
        self.record(job, "cancelling")
        for chapter in running:
            self.stop(chapter)

    def forget(self, job: ModelJob) -> None:
        for chapter in self.chapters_of(job):
            del self.jobs[chapter.id]
        super().forget(job)

    # Its second chance ----------------------------------------------------------------------------------------------------

    def again(self, job: ModelJob) -> None:
        """What failed of it waits again; what was done stays done, unless it is no longer stored."""
        if job.phase is Phase.FINISH and job.error == "segment_missing" and job.segments:
            job.takes.clear()
            self.turn_to_speaking(job)
        for unit in job.at(Place.STOPPED):
            unit.place = Place.LATER
        self.move(job, Status.QUEUED)
        job.error, job.ended_ms, job.expires_ms, job.started_ms, job.deadline_ms, job.forget_ms = "", None, None, None, None, None
        self.record(job, "queued")
        if job.phase is Phase.PARTS:
            self._open_again(job)
        elif not job.book:
            self.enqueue_what_waits(job)

    def _open_again(self, book: ModelJob) -> None:
        for chapter in self.chapters_of(book):
            if chapter.status is Status.FAILED:
                self.again(chapter)
        book.opened, book.started_ms = 0, self.now_ms
        self.move(book, Status.IN_PROGRESS)
        self.record(book, "started")
        self.go_on(book)
