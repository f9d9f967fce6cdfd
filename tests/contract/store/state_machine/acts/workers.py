"""What workers do, and what becomes of them."""

from collections.abc import Sequence

from hypothesis import strategies as st

from speechmill.job import Phase
from tests.contract.store.state_machine.acts.act import act, while_some_job
from tests.contract.store.state_machine.acts.scene import (
    BELL,
    CPU,
    SPEECH,
    Draw,
    Scene,
    claimed_queues,
    cuts,
    draws,
    mostly,
    seldom,
    sounds,
    workers,
)
from tests.contract.store.state_machine.driver import WHOLE
from tests.contract.store.state_machine.model.jobs import WAITING, Cut, ModelJob, Sound


def _waits_to_be_joined(job: ModelJob) -> bool:
    return job.phase is Phase.FINISH and bool(job.at(*WAITING))


def _a_group_waits(scene: Scene) -> bool:
    return any(len(group) > 1 for group in scene.model.suspects[SPEECH[1]].values())


def _someone_works(scene: Scene) -> bool:
    return bool(scene.held())


@act(often=4, worker=workers, queues=claimed_queues, n=st.integers(1, 6))
def a_worker_claims(scene: Scene, worker: str, queues: Sequence[str], n: int) -> None:
    for _ in range(n):
        scene.take(worker, queues)


@act(worker=workers, queues=claimed_queues)
def the_reply_to_a_claim_is_lost(scene: Scene, worker: str, queues: Sequence[str]) -> None:
    scene.claim(worker, queues)


@act(worker=workers, queues=claimed_queues, n=st.integers(1, 3))
def claims_whose_replies_are_lost_outlast_their_leases(scene: Scene, worker: str, queues: Sequence[str], n: int) -> None:
    """Their worker beats all the while, and would wait for a reply for longer still. Nobody has died."""
    for _ in range(n):
        scene.claim(worker, queues)
    lease_ms = scene.driver.store.policy.lease_ms
    for _ in range(6):  # of a quarter each: an amnesty, were there one at first, has passed as well
        scene.driver.pass_time(lease_ms // 4)
        scene.driver.beat(worker, reply_ms=2 * lease_ms)
        scene.driver.sweep()


@act(often=2, worker=workers, queues=claimed_queues, n=st.integers(1, 12), cut=cuts)
def a_worker_does_one_unit_after_the_other(
        scene: Scene, worker: str, queues: Sequence[str], n: int, cut: Cut) -> None:
    for _ in range(n):
        for unit in scene.claim(worker, queues):
            scene.driver.finish(unit, cut)


@act(often=3, when=_someone_works, data=draws, cut=cuts, sound=sounds, twice=seldom)
def a_worker_finishes(scene: Scene, data: Draw, cut: Cut, sound: Sound, twice: bool) -> None:
    scene.driver.finish(scene.pick_held(data), cut, sound, twice=twice)


@act(when=_someone_works, cut=cuts)
def all_workers_finish(scene: Scene, cut: Cut) -> None:
    for worker, ref in scene.held():
        scene.driver.finish(scene.driver.put_down(worker, ref), cut)


@act(often=3, when=_someone_works, data=draws, is_retryable=st.booleans(), is_retried=st.booleans(), twice=seldom)
def a_worker_fails(scene: Scene, data: Draw, is_retryable: bool, is_retried: bool, twice: bool) -> None:
    unit = scene.pick_held(data)
    scene.fail(unit, is_retryable=is_retryable, twice=twice)
    if is_retried:
        scene.retry_of(unit)


@act(worker=workers, queues=claimed_queues, is_retryable=st.booleans(), times=st.integers(1, 3))
def a_worker_fails_again_and_again(
        scene: Scene, worker: str, queues: Sequence[str], is_retryable: bool, times: int) -> None:
    for _ in range(times):
        for unit in scene.claim(worker, queues):
            scene.fail(unit, is_retryable=is_retryable)


@act(often=2, when=while_some_job(_waits_to_be_joined), is_retried=st.booleans())
def a_stored_segment_is_missing(scene: Scene, is_retried: bool) -> None:
    for unit in scene.claim("joiner", CPU):
        scene.fail(unit, is_retryable=False)
        if is_retried:
            scene.retry_of(unit)


@act(when=_someone_works, data=draws, twice=seldom)
def a_worker_releases(scene: Scene, data: Draw, twice: bool) -> None:
    scene.driver.release(scene.pick_held(data), twice=twice)


@act(when=_someone_works, data=draws, worker=workers, others_go_on=seldom, twice=seldom)
def a_workers_engine_dies(scene: Scene, data: Draw, worker: str, others_go_on: bool, twice: bool) -> None:
    """With all that it speaks, or some of it. The others leave the suspects alone."""
    refs = list(scene.hands[worker])
    if refs and data.draw(seldom, "is_partly"):
        refs = sorted(data.draw(st.sets(st.sampled_from(refs), min_size=1), "units"))
    scene.driver.crash([scene.driver.put_down(worker, ref) for ref in refs], twice=twice)
    if others_go_on:
        all_workers_finish(scene, WHOLE)
        scene.do_all("speaker", SPEECH[::2])


@act(often=3, when=_a_group_waits, worker=workers, slots=st.integers(2, 4), dies=seldom)
def a_worker_claims_a_group(scene: Scene, worker: str, slots: int, dies: bool) -> None:
    """As much of it as it says that it takes at once, and others beside it. `dies`: with all of them."""
    scene.driver.enlist(worker, "speech", "ready", dict.fromkeys(SPEECH, slots))
    for queues in (SPEECH[1:2], SPEECH[::2]):
        scene.take(worker, queues)
    if dies:
        scene.driver.crash([scene.driver.put_down(worker, ref) for ref in list(scene.hands[worker])])


@act(often=2, data=draws, n=st.integers(1, 3), worker=workers)
def a_worker_dies_again_and_again(scene: Scene, data: Draw, n: int, worker: str) -> None:
    """First of several units at once, then of whatever comes with one claim."""
    for _ in range(n + 2):
        scene.submit(scene.any_submission(data))
    scene.driver.enlist(worker, "speech", "ready", dict.fromkeys(SPEECH, n))
    for n_claims in (4, 2, 2, *[1] * 10):
        for _ in range(n_claims):
            scene.take(worker, SPEECH)
        scene.driver.crash([scene.driver.put_down(worker, ref) for ref in list(scene.hands[worker])])


@act(when=_someone_works, data=draws)
def a_worker_dies_and_is_missed(scene: Scene, data: Draw) -> None:
    dead, _ = data.draw(st.sampled_from(scene.held()), "dead")
    for ref in list(scene.hands[dead]):
        scene.driver.put_down(dead, ref)
    scene.driver.let_leases_end(dead)


@act(often=2, when=lambda scene: bool(scene.driver.past), data=draws, cut=cuts,
     how=st.sampled_from(("finishing", "finishing", "failing", "releasing", "crashing", "beating")))
def a_zombie_comes_back(scene: Scene, data: Draw, cut: Cut, how: str) -> None:
    """With a claim that it has lost, or whose end it has told already."""
    past = {(unit.ref, unit.token): unit for unit in scene.driver.past}
    unit = past[data.draw(st.sampled_from(sorted(past)), "claim")]
    if how == "finishing":
        scene.driver.finish(unit, cut)
    elif how == "failing":
        scene.fail(unit, is_retryable=data.draw(st.booleans(), "is_retryable"))
    elif how == "releasing":
        scene.driver.release(unit)
    elif how == "crashing":
        scene.driver.crash([unit])
    else:
        scene.driver.beat(data.draw(workers, "worker"), [(unit.ref, unit.token)], reply_ms=60_000)


@act(often=2, data=draws, who=st.sets(workers, min_size=1), ms=st.sampled_from((0, 1000, 7_500)), has_lost_one=seldom,
     reply_ms=mostly(15_000, 0))
def workers_beat(scene: Scene, data: Draw, who: set[str], ms: int, has_lost_one: bool, reply_ms: int) -> None:
    scene.driver.pass_time(ms)
    for worker in sorted(who):
        if has_lost_one and scene.hands[worker]:
            scene.driver.put_down(worker, data.draw(st.sampled_from(list(scene.hands[worker])), "lost"))
        scene.driver.beat(worker, reply_ms=reply_ms)


@act(worker=workers, queues=st.sampled_from((SPEECH, CPU, BELL)), n=st.integers(1, 4),
     state=st.sampled_from(("warming", "ready", "ready", "draining", "gone")))
def a_worker_enlists(scene: Scene, worker: str, queues: Sequence[str], n: int, state: str) -> None:
    role = queues[0].partition(":")[0]
    scene.driver.enlist(worker, role, state, dict(zip(queues, (n, max(1, n - 1), max(1, n - 1)), strict=True)))
