"""Time, sweeps, doorbells, the reaper and the couriers of webhooks."""

from hypothesis import strategies as st

from speechmill.job import TERMINAL
from tests.contract.store.state_machine.acts.act import act, while_some_job
from tests.contract.store.state_machine.acts.clients import WEEK_MS
from tests.contract.store.state_machine.acts.scene import Draw, Scene, draws, mostly, seldom

_jumps_ms = st.sampled_from((1, 300, 1000, 7_500, 10_000, 20_000, 30_000, 61_000, 3_600_000, -5_000, -60_000))


@act(ms=_jumps_ms | mostly(0, WEEK_MS, 6 * WEEK_MS))
def the_clock_jumps(scene: Scene, ms: int) -> None:
    scene.driver.pass_time(ms)


@act(often=2, ms=st.sampled_from((0, 701, 10_000)))
def somebody_sweeps(scene: Scene, ms: int) -> None:
    scene.driver.pass_time(ms)
    scene.driver.sweep()


@act(when=lambda scene: any(scene.model.doorbells.values()), data=draws)
def doorbells_are_heard_or_lost(scene: Scene, data: Draw) -> None:
    queues = sorted(queue for queue, n in scene.model.doorbells.items() if n)
    scene.driver.hear(data.draw(st.sampled_from(queues), "queue"))


@act(when=while_some_job(lambda job: job.status in TERMINAL), is_late=seldom, goes_on=st.booleans())
def the_reaper_looks(scene: Scene, is_late: bool, goes_on: bool) -> None:
    """And deletes what it found now, or later: of jobs that may have been deleted since."""
    if is_late:
        scene.driver.pass_time(WEEK_MS)
    scene.reaping += scene.driver.reapable()
    if goes_on:
        for job_id in scene.reaping:
            scene.driver.reaped(job_id)
        scene.reaping.clear()


@act(often=2, when=lambda scene: bool(scene.deliveries or scene.model.events), data=draws,
     n=st.integers(1, 3), twice=seldom, hold_ms=st.sampled_from((0, 1000, 60_000)),
     in_ms=st.sampled_from((0, 30_000)), outcome=st.sampled_from(("delivered", "again", "dead", "not yet")))
def couriers_take_events(
        scene: Scene, data: Draw, n: int, twice: bool, hold_ms: int, in_ms: int, outcome: str) -> None:
    """So many of them one each, and one settles what it holds or held."""
    for _ in range(n):
        if event := scene.driver.due(hold_ms):
            scene.deliveries.append(event)
    if outcome != "not yet" and scene.deliveries:
        held = scene.deliveries[-1 - data.draw(st.integers(0, min(2, len(scene.deliveries) - 1)), "held")]
        scene.driver.settle(held, outcome, in_ms, twice=twice)
