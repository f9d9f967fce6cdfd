"""The parts of our engine on one checkpoint, as tests and gates take them. TF32 is off: the original is compared without it."""

from pathlib import Path
from typing import Literal

from tests.parity.sounds import reference_sound
from tests.parity.utterances import Reference, Utterance
from worker.engine import speaker
from worker.engine.attention_choice import choose_attention
from worker.engine.options import EngineOptions
from worker.engine.prompter import CheckpointPrompter
from worker.engine.torch_references import TorchReferences
from worker.engine.torch_runner import TorchRunner
from worker.engine.torch_setup import configure_torch
from worker.model.checkpoint import open_checkpoint
from worker.model.codec import CodecDecoder
from worker.model.network import Network
from worker.model.prompt import Prompt
from worker.model.prompting import Prompter
from worker.model.reference import PreparedReference
from worker.model.sampling import GREEDY, Sampling
from worker.model.text_tokens import TextTokens

SLOT_POSITIONS = 256

Device = Literal["cpu", "cuda"]
Dtype = Literal["float32", "bfloat16"]
Kept = Literal["auto", "float8"]


class Ours:
    """A checkpoint, opened once; runners share its network."""

    def __init__(self, folder: Path, device: Device = "cpu", dtype: Dtype = "float32", kv_dtype: Kept = "auto") -> None:
        self.folder, self._device, self._dtype, self._kv_dtype = folder, device, dtype, kv_dtype
        placement = configure_torch(self.options(n_slots=1))
        self.checkpoint = open_checkpoint(folder)
        self.config = self.checkpoint.config
        main = self.checkpoint.main(placement.device, placement.dtype)
        codec = self.checkpoint.codec(placement.device, placement.dtype)
        attention = choose_attention(self.options(n_slots=1), placement).attention
        self.network = Network(self.config, main, placement.device, placement.dtype, attention)
        self.codec = CodecDecoder(codec, self.config.codec, placement.dtype)
        references = TorchReferences(self.config, main, codec, placement.device) if self.config.kind == "base" else None
        self.references = references
        self.prompter = CheckpointPrompter(Prompter(self.config, TextTokens(folder)), references, slot_positions=SLOT_POSITIONS)

    def options(self, n_slots: int) -> EngineOptions:
        return EngineOptions(self.folder, device=self._device, dtype=self._dtype, n_slots=n_slots, interactive_slots=0,
                             slot_positions=SLOT_POSITIONS, kv_dtype=self._kv_dtype, tf32=False)

    def runner(self, n_slots: int) -> TorchRunner:
        runner = TorchRunner(self.network, self.options(n_slots))
        runner.warm_up()
        return runner

    def prompt(self, utterance: Utterance) -> Prompt:
        speak = speak_of(utterance)
        return self.prompter.prompt(speak) if speak.reference is None else self.prompter.launch(speak).wait()

    def prepare(self, reference: Reference, *, with_codes: bool) -> PreparedReference:
        assert self.references, "not a Base checkpoint"
        told = reference_of(reference)
        return self.references.launch(told.pcm, told.sha256, with_codes=with_codes).wait()


def speak_of(utterance: Utterance, number: int = 0, *, streamed: bool = False) -> speaker.Speak:
    """The utterance as the engine is told it."""
    return speaker.Speak(
        id=number, text=utterance.text, language=utterance.language, voice=utterance.voice, instructions=utterance.instructions,
        reference=None if utterance.reference is None else reference_of(utterance.reference), sampling=sampling_of(utterance),
        feed=utterance.feed, streamed=streamed)


def sampling_of(utterance: Utterance) -> Sampling:
    return Sampling(GREEDY, GREEDY, utterance.repetition_penalty, max_frames=utterance.max_frames)


def reference_of(reference: Reference) -> speaker.Reference:
    return speaker.Reference(reference_sound(reference.seed, reference.n_samples), reference.text)
