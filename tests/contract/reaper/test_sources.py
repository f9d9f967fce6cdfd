"""The files of books are kept as long as requests use them, and as long as a book waits to be read."""

import pytest

from speechmill.blobs.seam import Belonging, belonging, source_key
from speechmill.book import BookSpec, Source
from speechmill.job import Phase
from speechmill.store import verbs
from speechmill.store.verbs import Submission
from tests.contract.reaper.conftest import AT_ONCE, PATIENT, YEAR, Yard
from worker.reaper.terms import Terms

FILE = source_key("local", "ef" * 32)


@pytest.fixture
def patient() -> Terms:
    return Terms({**PATIENT.shared, "sources": YEAR}, orphans_s=86_400, round_s=3600, lists_a_minute=600_000,
                 deletes_a_minute=60_000_000)


@pytest.fixture
def at_once() -> Terms:
    (short,) = set(AT_ONCE.shared.values())
    return Terms({"sources": short}, orphans_s=1, round_s=3600, lists_a_minute=600_000, deletes_a_minute=60_000_000)


def test_a_file_belongs_to_no_job() -> None:
    assert belonging(FILE) == Belonging("local", "sources", "")


def test_a_file_goes_when_it_has_not_been_used_for_long(yard: Yard, patient: Terms, at_once: Terms) -> None:
    yard.put(FILE)
    yard.let_age()
    yard.reap_a_round(patient)
    assert yard.keys() == [FILE]
    yard.reap_a_round(at_once)
    assert yard.keys() == []
    assert yard.reaped("sources") == (1, len(FILE))


def test_a_file_stays_while_a_book_waits_that_may_be_made_from_it(yard: Yard, at_once: Terms) -> None:
    yard.put(FILE)
    source = Source(sha256="ef" * 32, name="b.txt", bytes=1)
    yard.store.run(verbs.submit(Submission(
        job_id="book_000001", tenant="local", spec=BookSpec(model="tone", voice="low", language="en", source=source),
        phase=Phase.PLAN, characters=10, text="{}", input_key="", request_id="req_1", fingerprint="print")))
    created = "{speechmill}:job:book_000001"
    yard.let_age()
    yard.store.redis.hincrby(created, "created", -10_000)
    yard.reap_a_round(at_once)
    assert yard.keys() == [FILE]
    assert yard.store.run(verbs.cancel("book_000001", "local"))[0] == "done"
    yard.reap_a_round(at_once)
    assert yard.keys() == []
