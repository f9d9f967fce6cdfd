"""Putting the reference voice together. `speaker` is what the engine's process calls (worker/engine/process.py: Factory)."""

from collections.abc import Callable

import numpy as np
import torch

from worker.engine.attention_choice import why_no_flash_attention
from worker.engine.prompter import CheckpointPrompter
from worker.engine.speaker import Listener, Reference, Speak
from worker.engine.speaker_info import speaker_info
from worker.engine.torch_setup import Placement, place
from worker.model.checkpoint import Checkpoint, open_checkpoint
from worker.model.config import SAMPLE_RATE_HZ
from worker.model.prompting import Prompter
from worker.model.sampling import Sampling
from worker.model.text_tokens import TextTokens
from worker.reference.compiling import compile_and_warm_up
from worker.reference.options import ReferenceOptions
from worker.reference.package import QwenTts
from worker.reference.speaker import ReferenceParts, ReferenceSpeaker

LONGEST_POSITIONS = 4096
LONGEST_FRAMES = 2047
"""What qwen-tts itself stops at (max_new_tokens 2048)."""

_WARM_UP_FRAMES = 4
_PAST_THE_WINDOW = 100       # frames; the codec's transformer looks back 72


def speaker(options: object, listener: Listener, report: Callable[[str], None]) -> ReferenceSpeaker:
    """The package on the checkpoint, warm. Raises CheckpointError, TooLittleMemory, EngineError (no such device, no package)."""
    assert isinstance(options, ReferenceOptions)
    configure_torch(options)
    placement = place(options)
    checkpoint = open_checkpoint(options.checkpoint)
    prompter = Prompter(checkpoint.config, TextTokens(checkpoint.folder))   # first: it may refuse the checkpoint
    attention, note = choose_attention(options, placement)
    report(f"loading {checkpoint.folder.name} to {placement.device} with qwen-tts")
    package = QwenTts(checkpoint.folder, placement, attention, report)
    notes = compile_and_warm_up(package.compilable, options, lambda: warm_up(package, checkpoint, options.batch), report)
    check = CheckpointPrompter(prompter, None, slot_positions=LONGEST_POSITIONS).check
    info = speaker_info(checkpoint, placement.dtype, n_slots=options.batch, longest_frames=LONGEST_FRAMES, notes=(note, *notes))
    return ReferenceSpeaker(ReferenceParts(package, check, info), options, listener)


def configure_torch(options: ReferenceOptions) -> None:
    """By torch's older switches: torch.compile asks them, and raises where the newer ones (fp32_precision) were set."""
    torch.set_float32_matmul_precision("high" if options.tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = options.tf32
    torch.backends.cudnn.benchmark = options.cudnn_benchmark
    if options.cpu_threads:
        torch.set_num_threads(options.cpu_threads)


def choose_attention(options: ReferenceOptions, placement: Placement) -> tuple[str, str]:
    """transformers' attn_implementation, and a line that says which. flash_attention_2 becomes sdpa where it can't serve."""
    missing = why_no_flash_attention(placement) if options.attention == "flash_attention_2" else ""
    attention = "sdpa" if missing else options.attention
    return attention, f"attention: {attention}" + (f" (no FlashAttention: {missing})" if missing else "")


def warm_up(package: QwenTts, checkpoint: Checkpoint, batch: int) -> None:
    """Alone and in a full call, with texts of two lengths: each is a kernel, or a compiled graph, of its own."""
    texts = ("One.", "A few more words, for another length.")
    for rows in sorted({1, batch}):
        package.speak([_warm_up_speak(checkpoint, texts[row % 2]) for row in range(rows)])
        package.decode(_PAST_THE_WINDOW, rows)


def _warm_up_speak(checkpoint: Checkpoint, text: str) -> Speak:
    config = checkpoint.config
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 2 * SAMPLE_RATE_HZ).astype(np.float32)  # [n_samples]
    return Speak(id=0, text=text, language="auto",
                 voice=next(iter(config.speakers)) if config.kind == "custom_voice" else "",
                 instructions="Speak." if config.kind == "voice_design" else "",
                 reference=Reference(noise, "Noise.") if config.kind == "base" else None,
                 sampling=Sampling(max_frames=_WARM_UP_FRAMES))
