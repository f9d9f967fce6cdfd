"""The real runner: the network in slots, on one stream, a CUDA graph a launch.

The host fills pinned memory, copies it over, replays a graph, and goes on; what comes back is copied to pinned memory behind
an event that only whoever reads it waits for. Nothing else waits for the device.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import accumulate, cycle

import torch

from worker.engine.attention_choice import choose_attention
from worker.engine.buckets import PromptBucket, group_prompts, prompt_buckets, row_buckets, split_rows
from worker.engine.graphs import Graphs
from worker.engine.launches import N_IN_TURN, FrameLaunch, FrameMemory, PromptMemory, write_prompts
from worker.engine.memory import check_slots_fit
from worker.engine.options import EngineOptions
from worker.engine.runner import Join
from worker.engine.torch_setup import Placement
from worker.model.config import CheckpointConfig
from worker.model.errors import TooLittleMemory
from worker.model.network import Network
from worker.model.prompt_batch import PromptBuffer, batch_room
from worker.model.weights import TensorFile


class TorchRunner:
    """Implements Runner. `notes` says what an operator should know; it is whole after `warm_up`."""

    def __init__(self, network: Network, options: EngineOptions, notes: Sequence[str] = ()) -> None:
        """Raises TooLittleMemory where the slots don't fit beside the weights."""
        check_slots_fit(network, options)
        config, device = network.config, network.device
        self.network = network
        self.n_slots = options.n_slots
        self.slot_positions = options.slot_positions
        self.end_code = config.tokens.codec_eos
        self.notes = list(notes)
        self.slots = network.slots(options.n_slots, options.slot_positions)
        self._prompt_buckets = prompt_buckets(self.n_slots, self.slot_positions)
        self.prefill_batch = max(bucket.n_prompts for bucket in self._prompt_buckets)
        self._allocate_launches(config, device)
        on_cuda = device.type == "cuda"
        self._stream = torch.cuda.Stream(device, priority=-1) if on_cuda else None  # type: ignore[no-untyped-call]
        self._captures = self._stream is not None and options.cuda_graphs
        pool = torch.cuda.graph_pool_handle() if self._captures else None
        self._frame_graphs: Graphs[int] = Graphs(self._stream, pool, self._compute_frame)
        self._prompt_graphs: Graphs[PromptBucket] = Graphs(self._stream, pool, self._compute_prompts)
        if on_cuda:
            torch.cuda.synchronize(device)  # weights and slots were made on another stream

    def warm_up(self) -> None:
        """Captures every size, then runs frames of every size on the scratch slot: kernels are compiled after this."""
        with self._on_stream():
            if self._captures:
                self._capture()
            for n_rows in row_buckets(self.n_slots) if self._stream is not None else [1]:
                self.decode([self.slots.state.scratch_slot] * n_rows).wait()

    def prefill(self, joins: Sequence[Join]) -> None:
        """Launches the prompts of at most `prefill_batch` joins; their slots are then ready to decode."""
        for group in group_prompts([len(join.prompt) for join in joins], self._prompt_buckets):
            members = [joins[i] for i in group.members]
            bucket = group.bucket
            if bucket not in self._prompt_graphs.sizes:  # nothing is padded but for a graph
                bucket = PromptBucket(len(members), max(len(join.prompt) for join in members))
            with self._on_stream():
                self._write_prompts(members, bucket)
                self._prompt_graphs.run(bucket)

    def decode(self, slots: Sequence[int]) -> FrameLaunch:
        """Launches one frame for these slots."""
        memory = next(self._frame_memory)
        launch = memory.begin(slots, padding=self.slots.state.scratch_slot)
        sizes = split_rows(len(slots), self._frame_graphs.sizes)
        with self._on_stream():
            for start, n_rows in zip(accumulate(sizes, initial=0), sizes, strict=False):
                here = slice(start, start + n_rows)
                self._rows[:n_rows].copy_(memory.slots[here], non_blocking=True)
                self._frame_graphs.run(n_rows)
                memory.results[here].copy_(self._results[:n_rows], non_blocking=True)
            memory.launched()
        return launch

    def _capture(self) -> None:
        """The largest sizes first, so that the smaller ones find room in their memory. Sizes that do not fit are left out, and
        noted: larger batches then run in several launches. Only the scratch slot is touched."""
        self._rows.fill_(self.slots.state.scratch_slot)
        for n_rows in reversed(row_buckets(self.n_slots)):
            self._note(f"frames of {n_rows} rows", self._frame_graphs.capture(n_rows))
        for bucket in sorted(self._prompt_buckets, key=lambda b: -b.n_prompts * b.length):
            self._write_prompts([], bucket)
            self._note(f"{bucket.n_prompts} prompts of {bucket.length} positions", self._prompt_graphs.capture(bucket))
        self._prompt_buckets = [bucket for bucket in self._prompt_buckets if bucket in self._prompt_graphs.sizes]

    def _allocate_launches(self, config: CheckpointConfig, device: torch.device) -> None:
        n_rows = 2 * self.n_slots  # several launches of one decode pad the last one
        self._rows = torch.zeros(self.n_slots, dtype=torch.int32, device=device)
        self._results = torch.zeros(self.n_slots, config.n_codes + 2, dtype=torch.int32, device=device)
        self._frame_memory = cycle([FrameMemory(n_rows, config.n_codes, device) for _ in range(N_IN_TURN)])
        positions = max(bucket.n_prompts * bucket.length for bucket in self._prompt_buckets)
        room = batch_room(config, self.prefill_batch, max(positions, self.slot_positions), self.slot_positions)
        self._prompts = PromptBuffer(room, device)
        self._prompt_memory = cycle([PromptMemory(room, device) for _ in range(N_IN_TURN)])

    def _write_prompts(self, joins: Sequence[Join], bucket: PromptBucket) -> None:
        memory = next(self._prompt_memory)
        memory.begin()
        write_prompts(
            memory.buffer.rows(bucket.n_prompts, bucket.length), joins,
            scratch_slot=self.slots.state.scratch_slot, pad_text_id=self.network.config.tokens.tts_pad,
        )
        self._prompts.words.copy_(memory.buffer.words, non_blocking=True)
        memory.copied()

    def _compute_frame(self, n_rows: int) -> None:
        self.network.frame(self.slots, self._rows[:n_rows], self._results[:n_rows])

    def _compute_prompts(self, bucket: PromptBucket) -> None:
        self.network.prefill(self.slots, self._prompts.rows(bucket.n_prompts, bucket.length))

    def _on_stream(self) -> AbstractContextManager[object]:
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)

    def _note(self, name: str, captured: bool) -> None:
        if not captured:
            self.notes.append(f"too little memory for a CUDA graph of {name}: it was left out")


def open_runner(config: CheckpointConfig, weights: TensorFile, options: EngineOptions, placement: Placement) -> TorchRunner:
    """Loads the network and makes room for its slots; `warm_up` is still to be called.
    Raises CheckpointError or TooLittleMemory."""
    choice = choose_attention(options, placement)
    try:
        network = Network(config, weights, placement.device, placement.dtype, choice.attention)
    except torch.OutOfMemoryError as error:
        raise TooLittleMemory(f"the weights do not fit into the memory of {placement.device}: {error}") from error
    return TorchRunner(network, options, choice.notes)
