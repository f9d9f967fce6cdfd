"""From the settings to what the engine is started with."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from speechmill.settings import EngineSettings, WorkerSettings
from worker.engine.client import StartOptions
from worker.engine.options import EngineOptions
from worker.model.hub import fetch
from worker.model.progress import Progress
from worker.reference.options import ReferenceOptions
from worker.voices.qwen3_catalogue import model_id

ENGINE = "worker.engine.build:speaker"
REFERENCE = "worker.reference.build:speaker"

FEWEST_ARENA_BLOCKS = 256
"""Seconds of sound on their way to the worker, at least. Above it one for each slot, which is what twelve steps bring: while a
busy worker reads none of it, all that is spoken has room. Memory is taken only of what was ever used."""


@dataclass(frozen=True)
class EngineStart:
    """What is to be started: `factory` is ENGINE, REFERENCE, or any other (worker/engine/process.py: Factory)."""

    factory: str
    engine: EngineSettings
    worker: WorkerSettings

    @property
    def model_id(self) -> str:
        """The reference has a name of its own: its takes must not be found in place of the engine's."""
        return model_id(self.engine.checkpoint) + ("-reference" if self.factory == REFERENCE else "")

    def options(self, report: Callable[[str], None]) -> StartOptions:
        """Fetches the checkpoint first, where it is the hub's. Raises CheckpointError."""
        def tell(progress: Progress) -> None:
            report(str(progress))

        folder = fetch(self.engine.checkpoint, offline=self.engine.offline, report=tell)
        options = self._reference_options(folder) if self.factory == REFERENCE else self._engine_options(folder)
        return StartOptions(self.factory, options, start_timeout_s=self.engine.start_timeout_s, stall_s=self._stall_s,
                            recycle_rss_bytes=self.engine.recycle_rss_bytes,
                            arena_blocks=max(FEWEST_ARENA_BLOCKS, self.worker.speech_slots))

    @property
    def _stall_s(self) -> float:
        """The reference compiles in the middle of a step where it meets new sizes: as long as a start may take, and silent."""
        engine = self.engine
        compiles = self.factory == REFERENCE and engine.compile != "off"
        return max(engine.stall_s, engine.start_timeout_s) if compiles else engine.stall_s

    def _engine_options(self, folder: Path) -> EngineOptions:
        engine = self.engine
        return EngineOptions(
            checkpoint=folder, device=engine.device, dtype=engine.dtype, n_slots=self.worker.speech_slots,
            interactive_slots=self.worker.reserved_slots, slot_positions=engine.slot_positions, max_waiting=engine.max_waiting,
            prefill_attention=engine.prefill_attention, decode_attention=engine.decode_attention,
            kv_dtype=engine.kv_dtype, cuda_graphs=engine.cuda_graphs, tf32=engine.tf32, cudnn_benchmark=engine.cudnn_benchmark,
            cpu_threads=engine.cpu_threads)

    def _reference_options(self, folder: Path) -> ReferenceOptions:
        engine = self.engine
        return ReferenceOptions(
            checkpoint=folder, device=engine.device, dtype=engine.dtype, batch=self.worker.speech_slots,
            max_waiting=engine.max_waiting, attention=engine.prefill_attention, compile=engine.compile,
            fullgraph=engine.fullgraph, tf32=engine.tf32, cudnn_benchmark=engine.cudnn_benchmark, cpu_threads=engine.cpu_threads)
