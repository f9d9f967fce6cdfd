"""What is asked for in a soak: utterances of every kind that a service meets, drawn by chance. No torch."""

from dataclasses import dataclass, replace

import numpy as np

from worker.engine.speaker import Reference, Speak, SpeakerInfo
from worker.model.config import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from worker.model.reference import MAX_REFERENCE_S, MIN_REFERENCE_S
from worker.model.sampling import Draw, Sampling

INTERACTIVE_SHARE, STREAMED_SHARE, CANCELLED_SHARE, LONG_TEXT_SHARE, FLAT_SHARE = 0.3, 0.4, 0.2, 0.02, 0.5
NEW_VOICE_SHARE = 0.25
N_VOICES_KEPT = 8
LONGEST_CANCEL_S = 5.0
SPECIAL_POSITIONS = 32

FLAT = Draw(temperature=100.0, top_k=0)
"""Every code is about as likely, the end token too: among random weights, which never draw it, some utterances then end by it."""

_TEXTS = (
    "it is cold out here and an old boy stood still by a river once more before he left to find his food. ",
    "Der alte Junge stand am Fluss, und später ging er heim; 17 Äpfel blieben zurück. ",
    "今天天气很好，我们去河边散步吧。", "これは長い夜の話です。", "Он стоял у реки. ", "¿Dónde está el libro? ", "🙂 ",
)
_CLONED_TEXT = "What the recording says, word by word."


@dataclass(frozen=True)
class Part:
    """An utterance to ask for. `cancel_after_s`: when to change one's mind; None: never. `least_capped`: frames that it has at
    least where its cap ends it: as many as were asked for, but half where its prompt may leave no more of a slot, for then
    the engine lowers the cap so far."""

    speak: Speak
    cancel_after_s: float | None
    least_capped: int


class Mix:
    """Draws utterances that this speaker offers: from one frame to `longest_s`, log-uniform, so that most are short; recordings
    to clone are from one second to half as long again. Some texts are longer than any slot, which is refused. One thread draws;
    ids count from 1."""

    def __init__(self, info: SpeakerInfo, seed: int, longest_s: float) -> None:
        self._info = info
        self._longest_s = longest_s
        self._random = np.random.default_rng(seed)
        self._last_id = 0
        self._voices = [self._new_reference() for _ in range(N_VOICES_KEPT)] if info.kind == "base" else []

    def draw(self) -> Part:
        self._last_id += 1
        interactive, streamed = self._chance(INTERACTIVE_SHARE), self._chance(STREAMED_SHARE)
        speak = Speak(id=self._last_id, text=self._text(), language=self._pick(("auto", *self._info.languages)),
                      sampling=self._sampling(), feed="whole" if self._chance(0.8) else "token",
                      interactive=interactive, streamed=streamed)
        cancel_after_s = self._log_uniform(0.001, LONGEST_CANCEL_S) if self._chance(CANCELLED_SHARE) else None
        speak = self._voiced(speak)
        n_frames = speak.sampling.max_frames
        keeps_cap = most_positions(speak) + n_frames <= self._info.longest_frames
        return Part(speak, cancel_after_s, n_frames if keeps_cap else -(-n_frames // 2))

    def _voiced(self, speak: Speak) -> Speak:
        info = self._info
        if info.kind == "base":
            return replace(speak, reference=self._reference())
        wants_instructions = info.kind == "voice_design" or (info.takes_instructions and self._chance(0.3))
        return replace(speak, voice=self._pick(info.voices) if info.voices else "",
                       instructions="An old man who speaks slowly." if wants_instructions else "")

    def _reference(self) -> Reference:
        if self._chance(NEW_VOICE_SHARE):
            return self._new_reference()
        return self._voices[int(self._random.integers(len(self._voices)))]

    def _new_reference(self) -> Reference:
        """Noise: nobody listens. Half of them are gone on from (ICL), half give their speaker alone (x-vector)."""
        longest_s = min(MAX_REFERENCE_S, max(MIN_REFERENCE_S, 1.5 * self._longest_s))
        n_samples = round(self._log_uniform(MIN_REFERENCE_S, longest_s) * SAMPLE_RATE_HZ)
        pcm = (0.1 * self._random.standard_normal(n_samples, dtype=np.float32)).clip(-1, 1)  # [n_samples]
        return Reference(pcm, _CLONED_TEXT if self._chance(0.5) else "")

    def _sampling(self) -> Sampling:
        n_frames = round(self._log_uniform(1, self._longest_s * FRAME_RATE_HZ))
        drawn = Sampling(seed=self._last_id, max_frames=n_frames)
        return replace(drawn, talker=FLAT, repetition_penalty=1.0) if self._chance(FLAT_SHARE) else drawn

    def _text(self) -> str:
        n_characters = round(self._log_uniform(1, 400))
        if self._chance(LONG_TEXT_SHARE):
            n_characters = 10 * self._info.longest_frames
        text = self._pick(_TEXTS)
        return (text * (1 + n_characters // len(text)))[:n_characters]

    def _chance(self, share: float) -> bool:
        return bool(self._random.random() < share)

    def _pick(self, among: tuple[str, ...]) -> str:
        return among[int(self._random.integers(len(among)))]

    def _log_uniform(self, least: float, most: float) -> float:
        return float(np.exp(self._random.uniform(np.log(least), np.log(most))))


def most_positions(speak: Speak) -> int:
    """That its prompt may take of a slot. A token is a byte at least; the rest of a prompt is a few special ones."""
    texts = [speak.instructions, speak.text if speak.feed == "whole" else ""]
    n_reference_frames = 0
    if speak.reference is not None:
        texts.append(speak.reference.text)
        n_reference_frames = speak.reference.n_frames
    return sum(len(text.encode()) for text in texts) + n_reference_frames + SPECIAL_POSITIONS
