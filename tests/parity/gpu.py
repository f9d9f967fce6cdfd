"""Our engine against the unmodified qwen-tts on a GPU, at real sizes, on random weights. One JSON row a gate; exits 1 when one
fails.

    python3 -m tests.parity.gpu --size 0.6b --size 1.7b
    python3 -m tests.parity.gpu --size 1.7b --kv float8       (bfloat16 with keys and values in float8; float32 has no such gate)
    python3 -m tests.parity.gpu --size tiny --device cpu      (the script itself, anywhere)

Needs qwen-tts 0.1.1 and transformers 4.57.3 in the interpreter that runs it (requirements/oracle.txt).
"""

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from tests.parity.gates import Gate, bfloat16_gates, float32_gates, truths_of
from tests.parity.original import Original, made_with
from tests.parity.ours import Device, Kept, Ours
from tests.parity.reference_gates import reference_gates
from worker.model.random_checkpoint import write_random_checkpoint
from worker.model.random_config import Size

SIZES: tuple[Size, ...] = ("tiny", "0.6b", "1.7b")
N_FRAMES = 24


def main() -> int:
    arguments = parse()
    print(json.dumps({"device": device_name(arguments.device), **made_with()}), flush=True)
    failed = 0
    for size in arguments.size:
        started = time.monotonic()
        for gate in gates_of(size, arguments.device, arguments.kv):
            failed += not gate.holds
            print(json.dumps(row(size, gate)), flush=True)
        print(json.dumps({"size": size, "seconds": round(time.monotonic() - started, 1)}), flush=True)
    return 1 if failed else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", action="append", choices=SIZES, required=True)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--kv", choices=("auto", "float8"), default="auto", help="how keys and values are kept")
    return parser.parse_args()


def device_name(device: Device) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"


def gates_of(size: Size, device: Device, kept: Kept) -> Iterator[Gate]:
    """At most one checkpoint of each side is loaded at once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_random_checkpoint(folder, size=size, kind="custom_voice", device=device)
        ours = Ours(folder, device, "float32")  # first: it turns TF32 off for both
        truths = truths_of(Original(folder, device, torch.float32), N_FRAMES)
        if kept == "auto":
            yield from float32_gates(ours, truths[0])
        del ours
        free(device)
        yield from bfloat16_gates(Ours(folder, device, "bfloat16", kept), Original(folder, device, torch.bfloat16), truths)
        write_random_checkpoint(folder / "base", size=size, kind="base", device=device)
        yield from reference_gates(folder / "base", device)
    free(device)


def free(device: Device) -> None:
    """What nobody refers to any more goes now: the models refer to themselves."""
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()


def row(size: Size, gate: Gate) -> dict[str, object]:
    value = gate.value if isinstance(gate.value, int) else float(f"{gate.value:.3g}")
    return {"size": size, "gate": gate.name, "value": value, "limit": gate.limit, "holds": gate.holds}


if __name__ == "__main__":
    sys.exit(main())
