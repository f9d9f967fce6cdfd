"""The unmodified qwen-tts package, watched while it works. Runs only where it is installed (deploy/oracle.sh)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from tests.parity.oracle_imports import import_qwen_tts
from tests.parity.sounds import reference_sound
from tests.parity.utterances import Reference, Utterance
from tests.parity.vectors import KEPT_EVERY, Decoded, Floats, Referenced, Spoken, kept_of, rows_of
from worker.model.config import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME

qwen_tts = import_qwen_tts()


def made_with() -> dict[str, str]:
    return {name: version(name) for name in ("qwen-tts", "transformers", "torch", "numpy")}


@dataclass
class Watched:
    """What passed through the package while one utterance was spoken."""

    prompt: torch.Tensor | None = None       # [1, n_positions, hidden]
    trailing: torch.Tensor | None = None     # [1, n, hidden]
    codes: torch.Tensor | None = None        # [n_frames, 16]
    hidden: torch.Tensor | None = None       # [n_frames, hidden]: what each frame's codes were drawn from
    margin: float = float("inf")

    def see_draws(self, scores: tuple[torch.Tensor, ...]) -> None:
        """`scores`: one a draw, [1, vocabulary], as they stood when the greatest was taken."""
        best = torch.stack([score[0].topk(2).values for score in scores])  # [n_draws, 2]
        self.margin = min(self.margin, float((best[:, 0] - best[:, 1]).min()))


class Original:
    """qwen-tts on one checkpoint."""

    def __init__(self, folder: Path, device: str = "cpu", dtype: torch.dtype = torch.float32, attention: str = "eager") -> None:
        self.model: Any = qwen_tts.Qwen3TTSModel.from_pretrained(str(folder), dtype=dtype, device_map=device,
                                                                 attn_implementation=attention)
        self.tts = self.model.model
        self.codec = self.tts.speech_tokenizer

    def spoken(self, utterance: Utterance) -> Spoken:
        watched, wave = self.speak(utterance)
        assert watched.prompt is not None
        assert watched.trailing is not None
        assert watched.codes is not None
        # Behind reference frames its cut is a rounded quotient, a sample late or early: the sound is counted from the end.
        wave = wave[-SAMPLES_PER_FRAME * len(watched.codes):]
        return Spoken(watched.codes.numpy().astype(np.int16), kept_of(wave), len(wave), watched.margin,
                      rows_of(watched.prompt[0].numpy()), rows_of(watched.trailing[0].numpy()))

    def speak(self, utterance: Utterance) -> tuple[Watched, Floats]:
        """Greedy. max_new_tokens counts codes 0 drawn, and the last one drawn is never spoken: n + 1 give n frames."""
        with self.watch() as watched:
            wave = self.generate(utterance, max_new_tokens=utterance.max_frames + 1, do_sample=False, subtalker_dosample=False,
                                 repetition_penalty=utterance.repetition_penalty, non_streaming_mode=utterance.feed == "whole")
        return watched, wave

    def generate(self, utterance: Utterance, **how: object) -> Floats:
        """[n_samples], by the call that the checkpoint's kind has."""
        if utterance.voice:
            instruct = utterance.instructions or utterance.dropped_instructions or None
            waves, _ = self.model.generate_custom_voice(utterance.text, utterance.voice, utterance.language, instruct, **how)
        elif utterance.reference is None:
            waves, _ = self.model.generate_voice_design(utterance.text, utterance.instructions, utterance.language, **how)
        else:
            prompt = self.model.create_voice_clone_prompt(
                (sound_of(utterance.reference), SAMPLE_RATE_HZ), utterance.reference.text or None, not utterance.reference.text)
            waves, _ = self.model.generate_voice_clone(utterance.text, utterance.language, voice_clone_prompt=prompt, **how)
        return np.asarray(waves[0], np.float32)

    @contextmanager
    def watch(self) -> Iterator[Watched]:
        """Notes what the package's own generate calls get and give, and asks them for scores too; changes nothing else."""
        watched = Watched()

        def talk(generate: Callable[..., Any], **given: Any) -> Any:
            watched.prompt, watched.trailing = given["inputs_embeds"], given["trailing_text_hidden"]
            result = generate(**given, output_scores=True)
            watched.see_draws(result.scores)
            return result

        def predict(generate: Callable[..., Any], **given: Any) -> Any:
            result = generate(**given, output_scores=True)
            watched.see_draws(result.scores)
            return result

        def whole(generate: Callable[..., Any], **given: Any) -> Any:
            codes, hidden = generate(**given)
            watched.codes, watched.hidden = codes[0].cpu(), hidden[0]
            return codes, hidden

        talker = self.tts.talker
        with through(self.tts, whole), through(talker, talk), through(talker.code_predictor, predict):
            yield watched

    def referenced(self, reference: Reference) -> Referenced:
        """Codes, mel and speaker embedding of a reference sound."""
        sound = sound_of(reference)
        with self.watch_codebooks() as margins:
            codes = self.codec.encode([sound], sr=SAMPLE_RATE_HZ).audio_codes[0]  # [n_frames, 16]
        mel = mel_of(sound)  # [n_mel_frames, 128]
        speaker = self.tts.extract_speaker_embedding(sound, SAMPLE_RATE_HZ)  # [hidden]
        return Referenced(codes.numpy().astype(np.int16), min(margins), mel[::KEPT_EVERY], speaker.numpy())

    @contextmanager
    def watch_codebooks(self) -> Iterator[list[float]]:
        """How much nearer the nearest row of each used codebook was than the second nearest, the least over all frames."""
        margins: list[float] = []
        quantizer = self.codec.model.encoder.quantizer
        layers = [*quantizer.semantic_residual_vector_quantizer.layers, *quantizer.acoustic_residual_vector_quantizer.layers]
        books = [layer.codebook for layer in layers[:self.codec.model.encoder_valid_num_quantizers]]

        def watching(book: Any) -> Callable[[torch.Tensor], torch.Tensor]:
            def quantize(vectors: torch.Tensor) -> torch.Tensor:
                distances = torch.cdist(vectors[None].float(), book.embed[None].float())[0]  # [n_frames, codebook_size]
                nearest = distances.topk(2, largest=False).values  # [n_frames, 2]
                margins.append(float((nearest[:, 1] - nearest[:, 0]).min()))
                return cast(torch.Tensor, type(book).quantize(book, vectors))
            return quantize

        for book in books:
            book.quantize = watching(book)
        try:
            yield margins
        finally:
            for book in books:
                del book.quantize

    def decoded(self, codes: torch.Tensor) -> Decoded:
        """Codes [n_frames, 16] to sound; up to 300 frames the original decodes them whole."""
        wave = self.wave(codes)
        return Decoded(codes.numpy().astype(np.int16), kept_of(wave), len(wave))

    def wave(self, codes: torch.Tensor) -> Floats:
        waves, _ = self.codec.decode([{"audio_codes": codes}])
        return np.asarray(waves[0], np.float32)


def sound_of(reference: Reference) -> Floats:
    return reference_sound(reference.seed, reference.n_samples)


def mel_of(sound: Floats) -> Floats:
    """[n_mel_frames, 128], with the arguments that extract_speaker_embedding gives."""
    modeling: Any = import_module("qwen_tts.core.models.modeling_qwen3_tts")
    mel: torch.Tensor = modeling.mel_spectrogram(torch.from_numpy(sound)[None], n_fft=1024, num_mels=128, sampling_rate=24_000,
                                                 hop_size=256, win_size=1024, fmin=0, fmax=12_000)  # [1, 128, n_mel_frames]
    return np.ascontiguousarray(mel[0].T.numpy())


@contextmanager
def through(owner: Any, watcher: Callable[..., Any]) -> Iterator[None]:
    """While open, owner.generate(…) is watcher(generate, …)."""
    generate = owner.generate
    owner.generate = lambda **given: watcher(generate, **given)
    try:
        yield
    finally:
        del owner.generate
