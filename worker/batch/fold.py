"""Folding: what became of lines that have ended is written to an object in storage, and Redis forgets them."""

import json
from dataclasses import dataclass

from speechmill.blobs.seam import result_key
from speechmill.job import JobError, Output, Status, Unit
from speechmill.store import batches
from speechmill.store.batches import FOLDED_AT_ONCE, EndedLine
from worker.batch.slices import slices
from worker.leases import Lease, Stopped
from worker.station import Station


@dataclass(frozen=True)
class LineResult:
    """What became of a line: sound, or an error, or neither: it was stopped."""

    number: int
    output: Output | None
    error: JobError | None

    def line(self) -> bytes:
        told = {"number": self.number, "output": self.output and self.output.model_dump(mode="json"),
                "error": self.error and self.error.model_dump(mode="json")}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "LineResult":
        told = json.loads(line)
        return cls(told["number"], Output.model_validate(told["output"]) if told["output"] else None,
                   JobError.model_validate(told["error"]) if told["error"] else None)


def fold(station: Station, lease: Lease) -> None:
    """All that have ended by now. One that was folded by an attempt which died then may be folded again. Raises BlobsUnavailable,
    Stopped."""
    ended = _all_ended(station, lease)
    if not ended:
        return
    chunk = f"{lease.unit.token}"
    content = b"".join(LineResult(line.number, line.output if line.status is Status.COMPLETED else None, line.error).line()
                       for line in ended)
    station.upload(lease, chunk_key(lease.unit, chunk), content, "application/jsonl")
    for part in slices(ended, FOLDED_AT_ONCE):
        if not station.commit(lease, batches.folded(lease.unit, chunk, [line.number for line in part])):
            raise Stopped


def chunk_key(unit: Unit, chunk: str) -> str:
    return result_key(unit.tenant, unit.job_id, int(chunk), "lines")


def _all_ended(station: Station, lease: Lease) -> list[EndedLine]:
    """No more than were open at once."""
    ended: list[EndedLine] = []
    after = 0
    while True:
        lease.check()
        some = station.commit(lease, batches.ended(lease.unit, after))
        if some is None:
            raise Stopped
        ended += some
        if len(some) < FOLDED_AT_ONCE:
            return ended
        after = some[-1].number
