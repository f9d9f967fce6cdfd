"""What a call of the job store costs: Redis, which does nothing else meanwhile, and whoever waits for the answer."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from speechmill.cli.bench.load import percentile_ms
from speechmill.cli.bench.scale.server import Server

_BESIDE_SCRIPTS = tuple(f"cmdstat_{name}" for name in ("evalsha", "config", "info", "ping", "hello", "auth", "client", "select"))
"""What INFO commandstats counts that no script has run: the scripts themselves, and what connections and this bench say."""


@dataclass(frozen=True)
class Cost:
    """Microseconds. `redis_*`: inside the script; `wait_*`: the round trip, with the wait for the disk where it writes.
    `commands`: Redis commands that one script runs."""

    redis_p50_us: float
    redis_p99_us: float
    wait_p50_us: float
    wait_p99_us: float
    commands: float


def measure(server: Server, action: Callable[[], object], times: int, *, pause_s: float = 0.0) -> Cost:
    """`action` is one call of a script, by EVALSHA. Redis itself takes the times of scripts (INFO latencystats)."""
    server.admin.config_resetstat()
    waits_s = []
    for _ in range(times):
        began_s = time.perf_counter()
        action()
        waits_s.append(time.perf_counter() - began_s)
        if pause_s:
            time.sleep(pause_s)
    waits_s.sort()
    spread = server.info("latencystats")["latency_percentiles_usec_evalsha"]
    inside = sum(figures["calls"] for name, figures in server.info("commandstats").items()
                 if not name.startswith(_BESIDE_SCRIPTS))
    return Cost(spread["p50"], spread["p99"], 1000 * percentile_ms(waits_s, 50), 1000 * percentile_ms(waits_s, 99),
                inside / times)


def median(rounds: Sequence[Cost]) -> Cost:
    """Of each figure by itself."""
    def middle(figure: Callable[[Cost], float]) -> float:
        return statistics.median(map(figure, rounds))

    return Cost(middle(lambda cost: cost.redis_p50_us), middle(lambda cost: cost.redis_p99_us),
                middle(lambda cost: cost.wait_p50_us), middle(lambda cost: cost.wait_p99_us), middle(lambda cost: cost.commands))
