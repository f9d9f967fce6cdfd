"""CUDA graphs of one kind of work, by its size. Replaying one costs the host a few microseconds, instead of a thousand
launches; all that it reads and writes lies where it lay when it was captured."""

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import torch

Size = TypeVar("Size", bound=Hashable)


class Graphs(Generic[Size]):
    """All on one stream, never the default capture stream: graphs captured there and replayed at once have hung. They share
    a memory pool, which is safe because on one stream none runs beside another. Before anything is captured, and on a CPU,
    there are none, and work runs as it is: `work(size)`."""

    def __init__(self, stream: torch.cuda.Stream | None, pool: Any, work: Callable[[Size], None]) -> None:
        self._stream, self._pool, self._work = stream, pool, work
        self._graphs: dict[Size, torch.cuda.CUDAGraph] = {}

    @property
    def sizes(self) -> list[Size]:
        return list(self._graphs)

    def capture(self, size: Size) -> bool:
        """Capture work of this size; it runs once besides. False where the device's memory does not suffice."""
        assert self._stream is not None, "graphs are captured on CUDA"
        try:
            with torch.cuda.stream(self._stream):
                self._work(size)  # kernels are compiled and cuBLAS makes its workspace here, where that is allowed
            self._stream.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
                self._work(size)
        except RuntimeError as error:  # torch.OutOfMemoryError is one; from the driver it comes as a plain one
            # A capture that breaks off may fail once more as it is closed: then the reason is the error before.
            if "out of memory" not in f"{error} {error.__context__}":
                raise
            torch.cuda.empty_cache()
            return False
        self._graphs[size] = graph
        return True

    def run(self, size: Size) -> None:
        """Launch it on the current stream: its graph where there is one, else the work itself."""
        if size in self._graphs:
            self._graphs[size].replay()
        else:
            self._work(size)
