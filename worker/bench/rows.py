"""The rows of one configuration as they come, from a process of its own: CUDA does not survive a fork, and leaves the device's
memory behind at its end only."""

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterator
from multiprocessing.connection import Connection
from typing import TypeVar

from worker.bench.case import Row
from worker.model.errors import EngineError

P = TypeVar("P")


def rows_of(measure: Callable[[P], Iterator[Row]], plan: P) -> Generator[Row, None, None]:
    """What came is here, whatever becomes of the process afterwards. Whoever stops reading ends it. Raises EngineError."""
    spawn = multiprocessing.get_context("spawn")
    rows, told = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_tell, args=(measure, plan, told))
    process.start()
    told.close()  # else the end of the process would not be the end of the pipe
    try:
        while (row := _received(rows)) is not None:
            yield row
        process.join()
        if process.exitcode:
            raise EngineError(f"the process that measured ended with status {process.exitcode} (see above)")
    finally:
        process.kill()
        process.join()
        rows.close()


def _received(rows: "Connection[None, Row | EngineError]") -> Row | None:
    """None where nothing more comes. Raises the error that came."""
    try:
        row = rows.recv()
    except EOFError:
        return None
    if isinstance(row, EngineError):
        raise row
    return row


def _tell(measure: Callable[[P], Iterator[Row]], plan: P, rows: "Connection[Row | EngineError, None]") -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who reads, which ends this process
    try:
        for row in measure(plan):
            rows.send(row)
    except EngineError as error:
        rows.send(error)
