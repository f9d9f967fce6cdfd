"""A host of workers is cut off, or goes dark: others take over what it held, and what it does too late counts for nothing."""

import json
import time

from tests.hosts.cluster import Cluster
from tests.hosts.commits import commits_seen
from tests.hosts.host import Host
from tests.hosts.load import assert_each_was_done_once, start_book, start_load, start_sentences


def test_what_a_host_does_while_it_is_cut_off_counts_for_nothing_and_it_works_on_when_it_is_back(cluster: Cluster) -> None:
    before, victim = cluster.counted(), cluster.workers[0]
    processes = {name: program.pid for name, program in victim.programs.items()}
    # Segments: of a whole job there is more to do between its sound and its commit, and a stopped one gives up.
    jobs = [start_book(cluster, "a cut cable", n_sentences=100)]
    wait_until_busy(cluster, victim, before["units:done"])

    with commits_seen(cluster) as commits:
        victim.cut()
        lost = left_behind(cluster, victim)
        cluster.until(lambda: not lost.items() & cluster.leases_of(victim).items(), "it kept its leases")
        assert not commits.of(lost)
        victim.heal()
        cluster.until(lambda: commits.of(lost), "nothing of what it held was committed too late")

    def works_again() -> bool:
        if not cluster.look.exists("{speechmill}:leases"):  # all is done: while it found its way back, others did its share
            jobs.extend(start_sentences(cluster, f"a mended cable and {len(jobs)} other things"))
        return bool(cluster.leases_of(victim))

    cluster.until(works_again, "it got no work any more")
    assert_each_was_done_once(cluster, before, jobs)
    assert not {ref for ref, token in lost.items() if accepted_token(cluster, ref) == token}
    assert {name: program.pid for name, program in victim.programs.items() if program.running} == processes


def test_what_a_host_held_when_its_power_went_is_done_by_others(cluster: Cluster) -> None:
    before, victim = cluster.counted(), cluster.workers[2]
    jobs = start_load(cluster, "a power cut", n_sentences=100)
    wait_until_busy(cluster, victim, before["units:done"])
    victim.lose_power()
    lost = left_behind(cluster, victim)
    assert_each_was_done_once(cluster, before, jobs)
    assert cluster.counted()["units:crashed"] - before["units:crashed"] >= len(lost)


def left_behind(cluster: Cluster, victim: Host) -> dict[str, str]:
    """The units, each with its token, that a host held when nothing of it came any more."""
    time.sleep(0.1)
    for _ in range(2):  # whatever had arrived before is done, however busy Redis is
        cluster.look.ping()
    lost = cluster.leases_of(victim)
    assert lost
    return lost


def wait_until_busy(cluster: Cluster, host: Host, n_done_before: int) -> None:
    """Until it has spoken already, and holds more."""
    cluster.until(lambda: cluster.counted()["units:done"] >= n_done_before + 10 and len(cluster.leases_of(host)) >= 2,
                  f"{host.name} is not busy")


def accepted_token(cluster: Cluster, ref: str) -> str:
    """The token under which the sound of this unit was accepted."""
    job, _, unit = ref.rpartition("/")
    record = cluster.look.hget(f"{{speechmill}}:segments:{job}", "0" if unit == "whole" else unit)
    return str(json.loads(str(record))["token"])
