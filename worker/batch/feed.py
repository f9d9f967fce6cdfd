"""The feed step of a batch, which comes again and again: what has ended is folded, and the next lines are opened.

As many are open as keep all workers busy until the next time, and no more: the other jobs of their tenant wait behind them.
"""

from typing import TypeVar

from speechmill.batch_line import AcceptedLine, LinePlace
from speechmill.blobs.seam import line_text_key
from speechmill.job import Phase
from speechmill.request import SEGMENT_CHARACTERS, SpeechSpec, fits_one_segment
from speechmill.store import batches
from speechmill.store.batches import OPENED_AT_ONCE, Feeding, NewLine
from worker.batch.fold import fold
from worker.batch.places import read_places, read_run
from worker.batch.slices import slices
from worker.leases import Lease, Stopped
from worker.station import Station

T = TypeVar("T")

LEAST_OPEN = 64
"""Folding a handful of lines at a time would cost more than speaking them."""
OPEN_A_SLOT = 4
"""So that half of the window keeps every slot busy twice over."""


def feed(station: Station, lease: Lease) -> None:
    """Raises BlobMissing, BlobsUnavailable, Stopped."""
    fold(station, lease)
    state = held(station.commit(lease, batches.feeding(lease.unit)))
    window = window_for(state.slots, station.settings.worker.lines_at_once)
    if state.ending or not _open(station, lease, state, window):
        _stop(station, lease)
    station.ring(station.commit(lease, batches.fed(lease.unit, window)).bells)


def window_for(slots: int, most: int) -> int:
    """How many lines may be open. `slots`: batch work that all speech workers take at once."""
    return min(most, max(LEAST_OPEN, OPEN_A_SLOT * slots))


def held(answer: T | None) -> T:
    """What a verb answers to whoever holds the lease. Raises Stopped where nobody here does any more."""
    if answer is None:
        raise Stopped
    return answer


def _open(station: Station, lease: Lease, state: Feeding, window: int) -> bool:
    """False: the batch was cancelled meanwhile, or its time is over."""
    room = min(window - state.open, state.lines - state.opened)
    if room <= 0:
        return True
    places = read_places(station.blobs, state.plan_key, state.opened + 1, room)
    places = those_that_fit(places, window * SEGMENT_CHARACTERS - state.open_characters)
    lines = list(enumerate(read_run(station.blobs, state.plan_key, places), state.opened + 1))
    for part in slices(lines, OPENED_AT_ONCE):
        lease.check()
        new = [_new_line(station, lease, number, line) for number, line in part]
        outcome, bells = station.commit(lease, batches.opened(lease.unit, part[0][0], new))
        if outcome == "lost":
            raise Stopped
        if outcome == "ending":
            return False
        station.ring(bells)
    return True


def those_that_fit(places: list[LinePlace], characters: int) -> list[LinePlace]:
    """At least one, or a line longer than all that fits would never be opened."""
    for n, place in enumerate(places):
        if n and characters < place.characters:
            return places[:n]
        characters -= place.characters
    return places


def _new_line(station: Station, lease: Lease, number: int, line: AcceptedLine) -> NewLine:
    spec = SpeechSpec.model_validate(line.spec)
    phase = Phase.WHOLE if fits_one_segment(line.text) else Phase.PLAN
    content = line.text.encode()
    if len(content) <= station.settings.limits.inline_bytes:
        return NewLine(phase, spec.model, spec.model_dump_json(), line.text, "", len(line.text))
    key = line_text_key(lease.unit.tenant, f"{lease.unit.job_id}.{number}")
    station.upload(lease, key, content, "text/plain; charset=utf-8")
    return NewLine(phase, spec.model, spec.model_dump_json(), "", key, len(line.text))


def _stop(station: Station, lease: Lease) -> None:
    """All lines that are open still."""
    outcome = "more"
    while outcome == "more":
        outcome, bells = station.commit(lease, batches.stopped(lease.unit))
        station.ring(bells)
    if outcome == "lost":
        raise Stopped
