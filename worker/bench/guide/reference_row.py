"""One row of the unmodified qwen-tts package, measured in a process of its own, by the interpreter that has the package."""

import time
from dataclasses import asdict
from pathlib import Path

from worker.bench.guide.order import Order, Plan, Speed
from worker.bench.guide.rows import ReferenceSetup
from worker.bench.load import Lengths, Load
from worker.bench.memory import vram_gb
from worker.bench.subject.channel import Channel
from worker.engine.attention_choice import why_no_flash_attention
from worker.engine.speaker import Speak
from worker.engine.torch_setup import Placement, place
from worker.model.checkpoint import open_checkpoint
from worker.model.config import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from worker.model.errors import EngineError
from worker.reference.build import configure_torch
from worker.reference.compiling import compile_forwards
from worker.reference.options import ReferenceOptions
from worker.reference.package import QwenTts


def measure(channel: Channel) -> None:
    """Each load's call is made once to warm up: with the same texts and lengths, so that nothing is compiled while it is timed,
    and what is compiled shows its best (twice: compiled code finds out at the second call what may change)."""
    order = Order.from_json(channel.order, ReferenceSetup)
    assert isinstance(order.setup, ReferenceSetup)
    package = _package(order.setup, order.plan)
    calls = [_call(order.plan, n) for n in order.at_once]
    for call in calls:
        for _ in range(1 if order.setup.compile == "off" else 2):
            package.speak(call)
    channel.ready()
    for call in calls:
        rounds = [_times_realtime(package, call) for _ in range(order.plan.rounds)]
        channel.tell(**asdict(Speed(len(call), rounds, vram_gb(), _notes(order.setup))))


def _package(setup: ReferenceSetup, plan: Plan) -> QwenTts:
    folder = Path(plan.checkpoint)
    options = ReferenceOptions(folder, device=plan.device, dtype=setup.dtype, tf32=setup.tf32,
                               cudnn_benchmark=setup.cudnn_benchmark)
    configure_torch(options)
    placement = place(options)
    _require_attention(setup, placement)
    package = QwenTts(folder, placement, setup.attention, lambda _line: None)
    if setup.around:
        package.compile_around(setup.compile)
    elif setup.compile != "off":
        compile_forwards(package.compilable, setup.compile, fullgraph=setup.fullgraph)
    return package


def _require_attention(setup: ReferenceSetup, placement: Placement) -> None:
    """The voice would step down to SDPA; a row that says FlashAttention must not."""
    missing = why_no_flash_attention(placement) if setup.attention == "flash_attention_2" else ""
    if missing:
        raise EngineError(missing)


def _call(plan: Plan, n: int) -> list[Speak]:
    """Of `n` utterances. An end token that is never drawn lets qwen-tts speak a frame more than it is told."""
    seconds = (plan.frames - 1) / FRAME_RATE_HZ
    voice = next(iter(open_checkpoint(Path(plan.checkpoint)).config.speakers))
    return Load(n, voice, Lengths(seconds, seconds)).samples(n)


def _times_realtime(package: QwenTts, call: list[Speak]) -> float:
    began = time.perf_counter()
    n_samples = sum(map(len, package.speak(call)))
    return n_samples / SAMPLE_RATE_HZ / (time.perf_counter() - began)


def _notes(setup: ReferenceSetup) -> list[str]:
    if setup.compile == "off":
        return []
    from torch._dynamo.utils import counters

    return [f"{counters['stats']['unique_graphs']} graphs compiled"]
