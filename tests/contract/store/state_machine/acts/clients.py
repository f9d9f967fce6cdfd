"""What clients do."""

from dataclasses import replace

from hypothesis import strategies as st

from speechmill.job import TERMINAL, Phase, Status
from speechmill.store import verbs
from tests.contract.store.state_machine.acts.act import act, while_some_job
from tests.contract.store.state_machine.acts.scene import SPEECH, Draw, Scene, cuts, draws, mostly, seldom, sounds
from tests.contract.store.state_machine.model.jobs import Cut, ModelJob, Place, Sound

WEEK_MS = 7 * 86_400_000
"""So long results are kept."""


def _is_open(job: ModelJob) -> bool:
    return not job.book and job.status not in TERMINAL


def _is_worked_on(job: ModelJob) -> bool:
    return bool(job.at(Place.LEASED)) or (job.phase is Phase.PARTS and _is_open(job))


def _has_ended(job: ModelJob) -> bool:
    return job.status in TERMINAL


def _has_failed(job: ModelJob) -> bool:
    return not job.book and job.status is Status.FAILED


def _is_waited_for(job: ModelJob) -> bool:
    return bool(job.waiters)


@act(often=2, data=draws, n=st.integers(1, 3), twice=seldom)
def a_client_submits(scene: Scene, data: Draw, n: int, twice: bool) -> None:
    asked = scene.any_submission(data)
    for _ in range(n):
        scene.submit(asked, twice=twice)


@act(often=3, data=draws, cut=cuts, is_spoken=seldom, sound=sounds)
def a_long_job_is_planned(scene: Scene, data: Draw, cut: Cut, is_spoken: bool, sound: Sound) -> None:
    """And whatever else is to be planned before it. `is_spoken`: and everything that can be spoken is."""
    scene.submit(replace(scene.any_submission(data), phase=Phase.PLAN, characters=sum(cut.segments)))
    scene.plan_all(cut)
    if is_spoken:
        scene.do_all("speaker", SPEECH, cut, sound)


@act(when=lambda scene: bool(scene.asked), data=draws, is_lost_reply=st.booleans(), twice=seldom)
def a_client_asks_the_same_again(scene: Scene, data: Draw, is_lost_reply: bool, twice: bool) -> None:
    """The very call whose reply was lost, or the client's own retry: the same request under a new job id."""
    asked = scene.asked[data.draw(st.integers(0, len(scene.asked) - 1), "asked")]
    if not is_lost_reply or asked.job_id not in scene.model.jobs:
        waiter = data.draw(st.sampled_from(("", f"waiter{len(scene.asked) + 1}")), "waiter")
        asked = replace(asked, job_id="", attach=data.draw(st.booleans(), "attach"), waiter=waiter)
    scene.submit(asked, twice=twice)


@act(often=2, when=while_some_job(_is_open), data=draws, is_worked_on=st.booleans(), is_stranger=seldom, twice=seldom)
def a_client_cancels(scene: Scene, data: Draw, is_worked_on: bool, is_stranger: bool, twice: bool) -> None:
    job = scene.pick_job(data, _is_worked_on if is_worked_on else _is_open)
    tenant = "stranger" if is_stranger else job.tenant
    scene.cancel(job.id, tenant, twice=twice)


@act(when=while_some_job(_is_waited_for), data=draws, n_more=st.integers(0, 2), is_promised=seldom, twice=seldom)
def a_waiting_client_hangs_up(scene: Scene, data: Draw, n_more: int, is_promised: bool, twice: bool) -> None:
    """Perhaps after others have come to wait for the same, or somebody was promised it by a 202."""
    job = scene.pick_job(data, _is_waited_for)
    first = next(asked for asked in scene.asked if asked.job_id in (job.id, job.book))
    for _ in range(n_more):
        scene.submit(replace(first, job_id="", attach=True, waiter=f"waiter{len(scene.asked) + 1}"))
    if is_promised:
        scene.submit(replace(first, job_id="", attach=True, waiter=""))
    waiter = data.draw(st.sampled_from(sorted(job.waiters or ("stranger",))), "waiter")
    scene.driver.told(verbs.cancel(job.id, job.tenant, waiter=waiter),
                      lambda: scene.model.cancel(job.id, job.tenant, waiter), twice=twice)


@act(often=5, when=while_some_job(_has_failed), data=draws, is_late=seldom, twice=seldom)
def a_client_retries(scene: Scene, data: Draw, is_late: bool, twice: bool) -> None:
    if is_late:
        scene.driver.pass_time(WEEK_MS)
    job = scene.pick_job(data, _has_failed)
    scene.retry(job.id, job.tenant, queue_limit=data.draw(mostly(1000, 2), "queue_limit"), twice=twice)


@act(when=while_some_job(_has_ended), data=draws, twice=seldom)
def a_client_deletes(scene: Scene, data: Draw, twice: bool) -> None:
    """Or tries to: a chapter goes with its book."""
    job = scene.pick_job(data, _has_ended)
    for _ in range(1 + twice):
        scene.delete(job.id, job.tenant)
