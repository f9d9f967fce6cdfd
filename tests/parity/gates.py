"""What our engine must meet against the unmodified qwen-tts on the same weights, at real sizes. tests/parity/gpu.py prints it.

float32 without TF32: the same codes, and hidden states to within rounding. bfloat16: sums are rounded elsewhere, so codes part
sooner or later; both hear the original's float32 codes (teacher forcing) and are measured against the original's float32.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tests.parity.original import Original, Watched
from tests.parity.ours import Ours, sampling_of
from tests.parity.utterances import CHINESE, GERMAN, SIXTY_WORDS, TWENTY_WORDS, Utterance
from tests.parity.vectors import Floats, relative
from worker.engine.runner import Join
from worker.engine.torch_runner import TorchRunner
from worker.model.sampling import Draw

FP32_LIMIT = 1e-5
BF16_LIMIT = 3e-2
LEAST_AGREEMENT = 0.9
LEAST_DRAWS = 96
"""Agreement of fewer draws says little: three of 24 that differ are as likely as not where one in ten does."""
ROWS = (1, 8, 64)
"""Launches of one, few and many rows are computed by other kernels each."""

SLOT = 5
N_SLOTS = 8


@dataclass(frozen=True)
class Gate:
    """One measurement. It holds at or below `limit`, or at or above it where `at_least`; without a limit it only informs."""

    name: str
    value: float
    limit: float | None = None
    at_least: bool = False

    @property
    def holds(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass(frozen=True)
class Truth:
    """What the original said in float32, everything on the host."""

    utterance: Utterance
    codes: Tensor                    # [n_frames, 16] int64
    hidden: Floats                   # [n_frames, hidden]: the talker's output that each frame is drawn from
    wave: Floats                     # [n_samples]
    margin: float


@dataclass(frozen=True)
class Heard:
    """What one side made of the same utterance. `codes` are its own draws, whatever it was made to hear."""

    hidden: Floats                   # [n_frames, hidden]
    codes: Tensor                    # [n_frames, 16]


def utterances(n_frames: int) -> list[Utterance]:
    """No penalty: teacher-forced draws don't enter it. Texts differ, so that the others fill the slots with other lengths."""
    texts = {"english": TWENTY_WORDS, "german": GERMAN, "chinese": CHINESE, "auto": SIXTY_WORDS, "french": "Bonjour."}
    return [Utterance(language, "", text, language, n_frames, voice="vivian", repetition_penalty=1.0)
            for language, text in texts.items()]


def truths_of(original: Original, n_frames: int) -> list[Truth]:
    """The one whose draws are clearest first: random weights can leave two logits closer together than rounding is."""
    truths = [spoken_by(original, utterance) for utterance in utterances(n_frames)]
    return sorted(truths, key=lambda truth: truth.margin, reverse=True)


def spoken_by(original: Original, utterance: Utterance) -> Truth:
    watched, wave = original.speak(utterance)
    assert watched.codes is not None
    assert watched.hidden is not None
    return Truth(utterance, watched.codes, on_host(watched.hidden), wave, watched.margin)


def float32_gates(ours: Ours, truth: Truth) -> Iterator[Gate]:
    """Alone in one row and among others in many: what one row computes depends on nobody else."""
    runner = ours.runner(N_SLOTS)
    alone, among = heard(ours, runner, truth, ()), heard(ours, runner, truth, utterances(len(truth.codes)))
    yield Gate("fp32 smallest margin of a draw by the original", truth.margin)
    yield Gate("fp32 frames", len(truth.codes), 20, at_least=True)
    for name, side in (("alone", alone), ("among others", among)):
        yield Gate(f"fp32 codes that differ, {name}", int((side.codes != truth.codes).sum()), 0)
        yield Gate(f"fp32 hidden, {name}", relative(side.hidden, truth.hidden), FP32_LIMIT)
    yield Gate("fp32 hidden, alone against among others", relative(among.hidden, alone.hidden), FP32_LIMIT)
    yield Gate("fp32 codes sampled alone that differ among others", sampled_apart(ours, runner, truth.utterance), 0)
    yield Gate("fp32 waveform", relative(wave_of(ours, truth.codes), truth.wave), FP32_LIMIT)


def bfloat16_gates(ours: Ours, original: Original, truths: Sequence[Truth]) -> Iterator[Gate]:
    """`ours` and `original` compute in bfloat16; `truths` are float32. Whatever ours is launched with, it must hold."""
    theirs = [forced_original(original, truth) for truth in truths]
    runner = ours.runner(n_slots=max(ROWS))
    for n_rows in ROWS:
        mine = [forced(ours, runner, truth, n_rows) for truth in truths]
        yield Gate(f"bf16 hidden, rows {n_rows}", apart(mine, truths), BF16_LIMIT)
        yield Gate(f"bf16 hidden, rows {n_rows}, against the original's bf16", apart(mine, theirs))
        for place, limit in ((0, LEAST_AGREEMENT), (1, LEAST_AGREEMENT)):
            yield Gate(f"bf16 code {place} agreement, rows {n_rows}", agreement(mine, truths, place), limit, at_least=True)
        yield Gate(f"bf16 code 15 agreement, rows {n_rows}", agreement(mine, truths, 15))
    yield Gate("bf16 draws of a code", sum(len(truth.codes) for truth in truths), LEAST_DRAWS, at_least=True)
    yield Gate("bf16 hidden, the original's own", apart(theirs, truths))
    yield Gate("bf16 code 0 agreement, the original's own", agreement(theirs, truths, 0))
    codes, wave = truths[0].codes, truths[0].wave
    yield Gate("bf16 waveform", relative(wave_of(ours, codes), wave), BF16_LIMIT)
    yield Gate("bf16 waveform, the original's own", relative(original.wave(codes), wave))


def heard(ours: Ours, runner: TorchRunner, truth: Truth, others: Sequence[Utterance]) -> Heard:
    """The utterance of `truth` in its slot; `others` in slots before it, each joined one frame earlier than the next."""
    for slot, other in enumerate(others):
        join(ours, runner, slot, other)
        runner.decode(list(range(slot + 1))).wait()
    join(ours, runner, SLOT, truth.utterance)
    hidden, codes = [], []
    for _ in truth.codes:
        hidden.append(hidden_of(runner))
        codes.append(runner.decode([*range(len(others)), SLOT]).wait().codes[-1])
    return Heard(np.stack(hidden), torch.from_numpy(np.stack(codes)))


def sampled_apart(ours: Ours, runner: TorchRunner, utterance: Utterance) -> int:
    """How many of an utterance's codes change with its company, drawn at the usual temperature with one seed."""
    alone = sampled(ours, runner, [utterance])
    among = sampled(ours, runner, [*utterances(utterance.max_frames), utterance])
    return int((alone != among).sum())


def sampled(ours: Ours, runner: TorchRunner, together: list[Utterance]) -> Floats:
    """Codes [n_frames, 16] of the last of them, which has a seed of its own."""
    slots = list(range(N_SLOTS - len(together), N_SLOTS))
    for slot, utterance in zip(slots, together, strict=True):
        join(ours, runner, slot, utterance, seed=slot)
    return np.stack([runner.decode(slots).wait().codes[-1] for _ in range(together[-1].max_frames)])


def join(ours: Ours, runner: TorchRunner, slot: int, utterance: Utterance, seed: int | None = None) -> None:
    sampling = sampling_of(utterance)
    if seed is not None:
        sampling = dataclasses.replace(sampling, talker=Draw(), predictor=Draw(), seed=seed)
    runner.prefill([Join(slot, ours.prompt(utterance), sampling)])


def forced(ours: Ours, runner: TorchRunner, truth: Truth, n_rows: int) -> Heard:
    """Our network hears the original's codes. Its two halves are called one by one: what it draws is noted and not heard.
    All but the first of `n_rows` only fill the launch up."""
    network, slots = ours.network, runner.slots
    rows = torch.full((n_rows,), slots.state.scratch_slot, dtype=torch.int32, device=network.device)
    rows[0] = 0
    join(ours, runner, 0, truth.utterance)
    hidden, drawn = [], []
    for codes in truth.codes.to(network.device, torch.int32):
        hidden.append(hidden_of(runner, slot=0))
        own_code_0 = slots.state.next_code[:1].clone()  # [1]
        slots.state.next_code[0] = codes[0]
        drawn.append(torch.cat([own_code_0, network.predict(slots, rows)[0, 1:]]).cpu())
        network.advance(slots, rows, codes.repeat(n_rows, 1))
    return Heard(np.stack(hidden), torch.stack(drawn))


@torch.inference_mode()
def forced_original(original: Original, truth: Truth) -> Heard:
    """The original hears them too, all frames at once; only its codes 0 are noted."""
    watched, _ = original.speak(dataclasses.replace(truth.utterance, max_frames=2))
    talker = original.tts.talker
    x, n_prompt = heard_by(original, watched, truth.codes)
    positions = torch.arange(x.shape[1], device=x.device).expand(3, 1, -1)  # [3, 1, n_positions]
    hidden = talker.model(inputs_embeds=x, position_ids=positions).last_hidden_state[0, n_prompt - 1:]  # [n_frames, hidden]
    codes = torch.full_like(truth.codes, -1)
    codes[:, 0] = talker.codec_head(hidden)[:, :-1024].argmax(-1).cpu()  # the last 1024 are special tokens
    return Heard(on_host(hidden), codes)


def heard_by(original: Original, watched: Watched, codes: Tensor) -> tuple[Tensor, int]:
    """Prompt and all frames but the last, as the original sums them: [1, n_positions, hidden], and the prompt's length."""
    assert watched.prompt is not None
    assert watched.trailing is not None
    talker = original.tts.talker
    tables = [talker.get_input_embeddings(), *talker.code_predictor.get_input_embeddings()]
    heard_codes = codes[:-1].to(watched.prompt.device)  # [n_frames - 1, 16]
    rows = torch.stack([table(heard_codes[:, place]) for place, table in enumerate(tables)], dim=1)  # [n_frames - 1, 16, hidden]
    frames = rows.sum(1) + watched.trailing[0, -1:]  # the text was given whole: every frame adds tts_pad
    return torch.cat([watched.prompt[0], frames])[None], watched.prompt.shape[1]


def hidden_of(runner: TorchRunner, slot: int = SLOT) -> Floats:
    """[hidden], once the device has done what was launched."""
    if runner.network.device.type == "cuda":
        torch.cuda.synchronize()
    return on_host(runner.slots.state.hidden[slot])


def wave_of(ours: Ours, codes: Tensor) -> Floats:
    return on_host(ours.codec.decode(codes.to(ours.network.device, torch.int32)[None])[0])


def agreement(sides: Sequence[Heard], truths: Sequence[Truth], place: int) -> float:
    """The share of frames whose code at `place` is the original's."""
    equal = [side.codes[:, place] == truth.codes[:, place] for side, truth in zip(sides, truths, strict=True)]
    return float(torch.cat(equal).double().mean())


def apart(sides: Sequence[Heard], others: Sequence[Heard] | Sequence[Truth]) -> float:
    """The relative distance of hidden states, of all utterances together."""
    return relative(np.concatenate([side.hidden for side in sides]), np.concatenate([other.hidden for other in others]))


def on_host(tensor: Tensor) -> Floats:
    """A copy: what lives in a slot changes with the next frame."""
    return np.array(tensor.float().cpu())
