"""Where a frame's time goes: each part alone, as the engine launches it, on the device's own clock."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from worker.bench.stopwatch import Stopwatch
from worker.engine.build import Built
from worker.engine.graphs import Graphs
from worker.engine.runner import Join
from worker.model.prompt import Prompt
from worker.model.sampling import GREEDY, Sampling

_REPEATS = 20


@dataclass(frozen=True)
class Parts:
    """Milliseconds: of one frame of all rows (predictor, talker, codec), and of one prefill of `prefill_prompts` prompts."""

    predictor_ms: float
    talker_ms: float
    codec_ms: float
    prefill_ms: float
    prefill_prompts: int


def time_parts(built: Built, n_rows: int, n_positions: int, prompt_positions: int) -> Parts:
    """With `n_rows` utterances that have `n_positions` behind them. Uses the slots: nothing may be running."""
    clock = _Clock(built)
    n_prompts = min(n_rows, built.runner.prefill_batch)
    _fill(built, n_rows, prompt_positions)
    return Parts(
        predictor_ms=clock.predictor(n_rows),
        talker_ms=clock.talker(n_rows, n_positions),
        codec_ms=clock.codec(n_rows),
        prefill_ms=clock.prefill(n_prompts, prompt_positions),
        prefill_prompts=n_prompts,
    )


class _Clock:
    """Times work the way the runner launches it: in a CUDA graph where the runner has graphs."""

    def __init__(self, built: Built) -> None:
        self._built = built
        self._device = built.placement.device
        self._network, self._slots = built.runner.network, built.runner.slots
        on_cuda = self._device.type == "cuda"
        self._stream = torch.cuda.Stream(self._device) if on_cuda else None  # type: ignore[no-untyped-call]

    def predictor(self, n_rows: int) -> float:
        rows = self._rows(n_rows)
        return self._time(lambda: _done(self._network.predict(self._slots, rows)))

    def talker(self, n_rows: int, n_positions: int) -> float:
        rows = self._rows(n_rows)
        codes = torch.randint(0, 2048, (n_rows, self._network.config.n_codes), dtype=torch.int32, device=self._device)
        state = self._slots.state

        def work() -> None:
            state.position.index_fill_(0, rows.long(), n_positions)  # else it grows with every repetition
            self._network.advance(self._slots, rows, codes)

        return self._time(work)

    def codec(self, n_rows: int) -> float:
        """A batch of takes of ten seconds, as many as the engine decodes at once; a frame's share of it for every row."""
        decoder, n_frames = self._built.decoder, 128
        n_takes = max(1, self._built.parts.codec.batch_frames // n_frames)
        codes = torch.randint(0, 2048, (n_takes, n_frames, decoder.config.n_codes), device=self._device)
        ms = self._time(lambda: _done(decoder.decode(codes)), graph=False)
        return ms * n_rows / (n_takes * n_frames)

    def prefill(self, n_prompts: int, n_positions: int) -> float:
        joins = [_join(slot, n_positions) for slot in range(n_prompts)]
        return self._time(lambda: self._built.runner.prefill(joins), graph=False)

    def _time(self, work: Callable[[], None], *, graph: bool = True) -> float:
        """`graph=False`: what is launched without one, or captures its own, and may use streams of its own."""
        run = self._captured(work) if graph and self._stream is not None else work
        for _ in range(3):
            run()
        self._synchronize()
        watch = Stopwatch(self._device, wall=not graph)
        with watch:
            for _ in range(_REPEATS):
                run()
            if not graph:
                self._synchronize()
        return 1000 * watch.seconds() / _REPEATS

    def _captured(self, work: Callable[[], None]) -> Callable[[], None]:
        self._synchronize()  # what it reads was made on another stream
        graphs: Graphs[None] = Graphs(self._stream, torch.cuda.graph_pool_handle(), lambda _size: work())
        graphs.capture(None)
        return lambda: graphs.run(None)

    def _synchronize(self) -> None:
        if self._stream is not None:
            torch.cuda.synchronize()

    def _rows(self, n_rows: int) -> torch.Tensor:
        return torch.arange(n_rows, dtype=torch.int32, device=self._device)


def _fill(built: Built, n_rows: int, n_positions: int) -> None:
    """Every slot gets a prompt, so that nothing is timed on zeros: zeros run faster than data."""
    batch = built.runner.prefill_batch
    for start in range(0, n_rows, batch):
        built.runner.prefill([_join(slot, n_positions) for slot in range(start, min(start + batch, n_rows))])
    built.runner.decode(range(n_rows)).wait()
    dtype = built.runner.network.dtype  # nothing is drawn in float8
    for keys_or_values in built.runner.slots.talker_cache.kv.flatten(0, 1):
        keys_or_values.copy_(torch.randn(keys_or_values.shape, dtype=dtype, device=keys_or_values.device))


def _join(slot: int, n_positions: int) -> Join:
    text = np.arange(1000, 1000 + n_positions, dtype=np.int32)
    codes = np.full((n_positions, 16), -1, np.int32)
    codes[:, 0] = np.arange(n_positions) % 2000
    return Join(slot, Prompt(text, codes), Sampling(talker=GREEDY, predictor=GREEDY))


def _done(_result: object) -> None:
    """Work that is launched for its time, not for what comes of it."""
