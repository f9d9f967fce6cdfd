"""One reaper at a time, at its pace, and the next one goes on where the last one died."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from speechmill.blobs.folder import FolderBlobs
from speechmill.blobs.s3_age import age_s
from speechmill.blobs.seam import PAGE_OBJECTS, Page
from speechmill.errors import BlobsUnavailable
from speechmill.store import reaping
from speechmill.tasks import KEY_PREFIX
from tests.contract.reaper.conftest import AT_ONCE, PATIENT, Yard
from worker.reaper.reaper import AWAY_S, Reaper

ORPHANS = [f"t/local/inputs/speech_{n:03}" for n in range(60)]
BY_TEN = replace(AT_ONCE, page_objects=10)


@dataclass
class Watched:
    """A store that remembers what was asked of it; `broken`: it deletes nothing."""

    blobs: FolderBlobs
    listed: list[str] = field(default_factory=list)
    deleted: Counter[str] = field(default_factory=Counter)
    broken: bool = False

    def page(self, prefix: str, after: str = "", limit: int = PAGE_OBJECTS) -> Page:
        self.listed.append(after)
        return self.blobs.page(prefix, after, limit)

    def delete_all(self, keys: Sequence[str]) -> None:
        if self.broken:
            raise BlobsUnavailable("It is away.")
        self.deleted.update(keys)
        self.blobs.delete_all(keys)

    def drop_unfinished(self, older_than_s: float) -> int:
        return self.blobs.drop_unfinished(older_than_s)


@pytest.fixture
def orphans(yard: Yard) -> Yard:
    yard.put(*ORPHANS)
    yard.let_age()
    return yard


def watched(yard: Yard) -> Watched:
    assert isinstance(yard.blobs, FolderBlobs)
    return Watched(yard.blobs)


def reaper(yard: Yard, blobs: Watched, lease_s: float = 120) -> Reaper:
    return Reaper(yard.store, blobs, replace(BY_TEN, lease_s=lease_s))  # type: ignore[arg-type]  # all that it asks for


def test_the_walk_goes_on_where_a_reaper_was_killed(orphans: Yard) -> None:
    orphans.reap(BY_TEN, turns=2)
    assert orphans.cursor == ORPHANS[19]
    orphans.skip_the_pause()
    # All that a kill -9 leaves behind: a turn that nobody ends.
    assert isinstance(orphans.store.run(reaping.turn(60_000)), reaping.Turn)

    heir = watched(orphans)
    assert reaper(orphans, heir).take_turn() > 10, "the dead one's turn is not over"
    assert heir.listed == []
    orphans.let_a_minute_pass()
    reaper(orphans, heir).take_turn()
    assert heir.listed == [ORPHANS[19]]
    assert orphans.keys() == ORPHANS[30:]


def test_what_a_dead_reaper_still_says_counts_for_nothing(orphans: Yard) -> None:
    dead = orphans.store.run(reaping.turn(60_000))
    assert isinstance(dead, reaping.Turn)
    orphans.let_a_minute_pass()
    orphans.reap(BY_TEN)
    assert not orphans.store.run(reaping.turned(dead, "on", "t/z", pause_ms=0, round_ms=0,
                                                deleted={"inputs": reaping.Deleted(60, 60)}))
    assert orphans.cursor == ORPHANS[9]
    assert orphans.reaped("inputs")[0] == 10


def test_of_two_reapers_each_page_and_each_object_meets_one(orphans: Yard) -> None:
    both = watched(orphans)
    workers = [reaper(orphans, both), reaper(orphans, both)]

    def work(each: Reaper) -> None:
        while both.deleted.total() < len(ORPHANS):
            each.take_turn()

    threads = [threading.Thread(target=work, args=(each,)) for each in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert both.deleted == Counter(ORPHANS)
    assert both.listed == ["", *ORPHANS[9:50:10]]
    assert orphans.reaped("inputs") == (60, sum(map(len, ORPHANS)))


def test_while_one_has_its_turn_the_others_are_told_how_long_to_wait(yard: Yard) -> None:
    assert isinstance(yard.store.run(reaping.turn(60_000)), reaping.Turn)
    wait_s = Reaper(yard.store, yard.blobs, PATIENT).take_turn()
    assert 30 < wait_s <= 60


def test_the_walk_keeps_to_so_many_listings_and_deletions_a_minute(orphans: Yard) -> None:
    slow = replace(BY_TEN, lists_a_minute=6, deletes_a_minute=60)
    pause_s = Reaper(orphans.store, orphans.blobs, slow).take_turn()
    assert pause_s == 10
    assert 5 < Reaper(orphans.store, orphans.blobs, slow).take_turn() <= 10
    orphans.skip_the_pause()
    assert Reaper(orphans.store, orphans.blobs, replace(slow, deletes_a_minute=6)).take_turn() == 100


def test_a_pause_longer_than_a_lease_is_kept_and_a_clock_that_was_set_back_ends_it(orphans: Yard) -> None:
    slow = replace(BY_TEN, deletes_a_minute=2)
    assert Reaper(orphans.store, orphans.blobs, slow).take_turn() == 300
    assert 290 < Reaper(orphans.store, orphans.blobs, slow).take_turn() <= 300
    orphans.store.redis.hincrby(KEY_PREFIX + "reaper", "next", 60_000)
    assert Reaper(orphans.store, orphans.blobs, slow).take_turn() == 300, "another page was reaped"
    assert orphans.keys() == ORPHANS[20:]


def test_after_a_round_the_next_one_begins_in_time_and_not_before(yard: Yard) -> None:
    blobs = watched(yard)
    reaper(yard, blobs).take_turn()
    assert blobs.listed == [""]
    for _ in range(3):
        yard.skip_the_pause()
        reaper(yard, blobs).take_turn()
    assert blobs.listed == [""]

    yard.begin_a_round()
    reaper(yard, blobs).take_turn()
    assert blobs.listed == ["", ""]


def test_with_storage_away_the_walk_stays_where_it_is(orphans: Yard) -> None:
    orphans.reap(BY_TEN)
    blobs = watched(orphans)
    blobs.broken = True
    orphans.skip_the_pause()
    assert reaper(orphans, blobs).take_turn() == AWAY_S
    assert orphans.cursor == ORPHANS[9]
    assert orphans.reaped("inputs")[0] == 10

    orphans.reap(BY_TEN)
    assert orphans.cursor == ORPHANS[19]


def test_a_turn_that_took_too_long_deletes_nothing(orphans: Yard) -> None:
    blobs = watched(orphans)
    reaper(orphans, blobs, lease_s=0).take_turn()
    assert (blobs.listed, blobs.deleted) == ([""], Counter())


@pytest.mark.parametrize("off", [timedelta(hours=9), timedelta(hours=-9)])
def test_an_object_is_as_old_as_the_clock_says_that_dated_it(off: timedelta) -> None:
    """However wrong that clock is, and whatever this machine's says."""
    there = datetime(2026, 1, 1, 12, tzinfo=UTC) + off
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": f"{there:%a, %d %b %Y %H:%M:%S} GMT"}}}
    assert age_s(there - timedelta(minutes=5), answer) == 300
    assert age_s(there + timedelta(minutes=5), answer) == 0


def test_where_a_server_tells_no_time_this_machine_s_must_do() -> None:
    assert 59 < age_s(datetime.now(UTC) - timedelta(minutes=1), {"ResponseMetadata": {"HTTPHeaders": {}}}) < 90
