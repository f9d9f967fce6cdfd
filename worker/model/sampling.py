"""How codes are drawn from logits, per utterance."""

from dataclasses import dataclass

MIN_FRAMES = 2
"""The end token is masked until this many frames are drawn, as qwen-tts has it (min_new_tokens)."""


@dataclass(frozen=True)
class Draw:
    """One distribution's shape. Temperature 0 is greedy; top_k 0 keeps all; top_p 1 keeps all.
    Order as in transformers: temperature, then top-k, then top-p."""

    temperature: float = 0.9
    top_k: int = 50
    top_p: float = 1.0


GREEDY = Draw(temperature=0.0)


@dataclass(frozen=True)
class Sampling:
    """How one utterance is drawn. `talker` draws code 0 of each frame, `predictor` codes 1 to 15.

    `repetition_penalty` divides positive and multiplies negative logits of every code 0 drawn before (Keskar et al. 2019,
    arXiv:1909.05858, as transformers has it); the predictor has none. `seed` is 63 bits; draws depend on it, the frame and
    the code's place alone (Philox, Salmon et al. 2011), never on the batch. `max_frames` (80 ms each) ends the utterance.
    """

    talker: Draw = Draw()
    predictor: Draw = Draw()
    repetition_penalty: float = 1.05
    seed: int = 0
    max_frames: int = 400
