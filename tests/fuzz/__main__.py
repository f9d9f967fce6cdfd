"""`python -m tests.fuzz [TARGET …] --examples N`: attack these readers, or all; the first thing found ends it with status 1.

Each attack has a process of its own, whose memory and whose time for one example are limited. `--seed` repeats an attack.
"""

import argparse
import faulthandler
import resource
import subprocess
import sys
import warnings
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning

from tests.fuzz import batches, bodies, books, sounds, texts
from tests.fuzz.target import Target

TARGETS = {target.name: target for target in (
    *texts.TARGETS, *books.TARGETS, *batches.TARGETS, *bodies.TARGETS, *sounds.TARGETS)}
ADDRESS_SPACE_BYTES = 2 * 1024**3
EXAMPLE_S = 60
"""One that takes longer hangs, also on a machine with a lot else to do: the process ends and says where it was."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Attack what reads from strangers.")
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], help="all of them, where none is named")
    parser.add_argument("--examples", type=int, default=10_000, help="of a cheap target; dear ones get fewer")
    parser.add_argument("--seed", type=int, default=None, help="the same attack again; by default a new one each time")
    parser.add_argument("--here", action="store_true", help="in this process, which then has the limits")
    asked = parser.parse_args()
    names = asked.targets or list(TARGETS)
    if asked.here:
        for name in names:
            attack(TARGETS[name], asked.examples, asked.seed)
        return 0
    return max(run_apart(name, asked.examples, asked.seed) for name in names)


def run_apart(name: str, examples: int, chosen_seed: int | None) -> int:
    command = [sys.executable, "-m", "tests.fuzz", name, "--here", "--examples", str(examples)]
    if chosen_seed is not None:
        command += ["--seed", str(chosen_seed)]
    status = subprocess.run(command, check=False).returncode
    print(f"{name}: {'withstood' if status == 0 else f'FELL (status {status})'}", flush=True)
    return min(abs(status), 1)


def attack(target: Target, examples: int, chosen_seed: int | None) -> None:
    """Raises what the target raised that it may not; ends the process where an example hangs."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", HypothesisWarning)  # it would rather not show seeds as large as these

    @settings(max_examples=max(1, examples // target.cost), deadline=None, database=None, print_blob=False,
              phases=[Phase.explicit, Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck))
    @given(made_up=target.made_up)
    def under_attack(made_up: Any) -> None:
        faulthandler.dump_traceback_later(EXAMPLE_S, exit=True)
        try:
            target.attack(made_up)
        finally:
            faulthandler.cancel_dump_traceback_later()

    (seed(chosen_seed)(under_attack) if chosen_seed is not None else under_attack)()


if __name__ == "__main__":
    sys.exit(main())
