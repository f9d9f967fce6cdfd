"""Putting the engine together: checkpoint, network in slots, codec, prompts. `speaker` is what the engine's process calls."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from worker.engine.device_memory import device_gauges
from worker.engine.engine import Engine, EngineParts
from worker.engine.options import EngineOptions
from worker.engine.prompter import CheckpointPrompter
from worker.engine.speaker import Listener
from worker.engine.speaker_info import dtype_name, speaker_info
from worker.engine.torch_codec import TorchCodec
from worker.engine.torch_references import TorchReferences
from worker.engine.torch_runner import TorchRunner, open_runner
from worker.engine.torch_setup import Placement, configure_torch
from worker.model.checkpoint import Checkpoint, open_checkpoint
from worker.model.codec import CodecDecoder
from worker.model.errors import TooLittleMemory
from worker.model.prompting import Prompter
from worker.model.text_tokens import TextTokens

Report = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """A checkpoint on its device, warm; what an Engine is made from."""

    checkpoint: Checkpoint
    placement: Placement
    runner: TorchRunner
    decoder: CodecDecoder
    parts: EngineParts


def speaker(options: object, listener: Listener, report: Report) -> Engine:
    """An engine that is as fast at its first utterance as at its hundredth. Raises CheckpointError, TooLittleMemory,
    EngineError (no such device)."""
    assert isinstance(options, EngineOptions)
    try:
        parts = build(options, report).parts
    except torch.OutOfMemoryError as error:
        raise TooLittleMemory("beside weights and slots there is no memory for the rest; take fewer slots (n_slots) or shorter "
                              f"ones (slot_positions): {error}") from error
    return Engine(parts, options, listener)


def build(options: EngineOptions, report: Report) -> Built:
    """Loads and warms everything up."""
    placement = configure_torch(options)
    checkpoint = open_checkpoint(options.checkpoint)
    prompter = Prompter(checkpoint.config, TextTokens(checkpoint.folder))   # first: it may refuse the checkpoint
    report(f"loading {checkpoint.folder.name} to {placement.device} as {dtype_name(placement.dtype)}")
    runner = open_runner(checkpoint.config, checkpoint.main(placement.device, placement.dtype), options, placement)
    decoder = CodecDecoder(checkpoint.codec(placement.device, placement.dtype), checkpoint.config.codec, placement.dtype)
    references = _references(checkpoint, placement, options)
    report(f"warming up {runner.n_slots} slots of {runner.slot_positions} positions")
    runner.warm_up()
    codec = TorchCodec(decoder, graphs=options.cuda_graphs)
    codec.warm_up()
    prompts = CheckpointPrompter(prompter, references, slot_positions=runner.slot_positions)
    info = speaker_info(checkpoint, placement.dtype, n_slots=runner.n_slots, longest_frames=runner.slot_positions - 1,
                        notes=(*runner.notes, *codec.notes, *(references.notes if references else ())))
    parts = EngineParts(runner, codec, prompts, info, partial(device_gauges, placement.device))
    return Built(checkpoint, placement, runner, decoder, parts)


def _references(checkpoint: Checkpoint, placement: Placement, options: EngineOptions) -> TorchReferences | None:
    if checkpoint.config.speaker_encoder is None:
        return None
    main, codec = checkpoint.main(placement.device, placement.dtype), checkpoint.codec(placement.device, placement.dtype)
    references = TorchReferences(checkpoint.config, main, codec, placement.device, graphs=options.cuda_graphs)
    if placement.device.type == "cuda":  # a CPU has nothing to take in advance, and would take seconds
        references.warm_up()
    return references
