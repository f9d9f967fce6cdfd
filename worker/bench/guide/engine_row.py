"""One row of our engine, measured in a process of its own."""

from dataclasses import asdict
from pathlib import Path

from worker.bench.case import Case
from worker.bench.guide.order import Order, Plan, Speed
from worker.bench.guide.rows import EngineSetup
from worker.bench.guide.twins import compute_by_twins
from worker.bench.load import Lengths, Load
from worker.bench.measure import Switch
from worker.bench.memory import vram_gb
from worker.bench.subject.channel import Channel
from worker.engine.attention_choice import why_no_flash_attention
from worker.engine.build import build
from worker.engine.engine import Engine
from worker.engine.options import EngineOptions
from worker.engine.torch_setup import place
from worker.model.errors import EngineError


def measure(channel: Channel) -> None:
    """Under a steady load each, as `python -m worker.bench` has it."""
    order = Order.from_json(channel.order, EngineSetup)
    assert isinstance(order.setup, EngineSetup)
    changes = {**order.setup.changes, "device": order.plan.device}
    options = Case("", changes).options(Path(order.plan.checkpoint), max(order.at_once))
    _require_possible(order.setup, options)
    if not order.setup.kernels:
        compute_by_twins()
    built = build(options, report=lambda _line: None)
    switch = Switch()
    engine = Engine(built.parts, options, switch)
    channel.ready()
    for n in order.at_once:
        channel.tell(**asdict(Speed(n, [_times_realtime(engine, switch, order.plan, n)], vram_gb(), notes=[])))


def _require_possible(setup: EngineSetup, options: EngineOptions) -> None:
    """The engine would step down to what can serve here; a row must not, since it says what serves."""
    placement = place(options)
    missing = ""
    if "flash_attention_2" in (options.prefill_attention, options.decode_attention):
        missing = why_no_flash_attention(placement)
    if placement.device.type != "cuda" and not (options.cuda_graphs and setup.kernels):
        missing = "on a CPU there are no CUDA graphs and none of our kernels to do without"
    if missing:
        raise EngineError(missing)


def _times_realtime(engine: Engine, switch: Switch, plan: Plan, n: int) -> float:
    voice = engine.info.voices[0]
    load = switch.load = Load(n, voice, Lengths(*(plan.alone_s if n == 1 else plan.together_s)), seed=n)
    load.fill(engine)
    steady = load.steady(engine, plan.seconds)
    load.drain(engine)
    return steady.times_realtime
