"""Redis or storage is cut off from everybody, without a word: clients are told so at once, and all goes on when it is back."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.test_outages import assert_in_time
from tests.hosts.cluster import JOBS, Cluster
from tests.hosts.layout import LEASE_S
from tests.hosts.load import assert_each_was_done_once, start_load

LARGE = "A large text needs storage. " * 1000


def test_while_redis_is_cut_off_clients_are_refused_at_once_and_then_all_goes_on(cluster: Cluster) -> None:
    before, processes = cluster.counted(), processes_of(cluster)
    jobs = start_load(cluster, "silence", n_sentences=60)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cluster.http.post, "/v1/audio/speech", json={"input": "A slow answer.", "response_format": "wav"})
        cluster.until(lambda: cluster.counted()["units:done"] > before["units:done"] + 6, "nothing is spoken")
        cluster.redis.cut()
        begun = time.monotonic()
        while time.monotonic() < begun + LEASE_S + 1:
            refuses_at_once(cluster, "store_unavailable", "Hello.")
            assert cluster.http.get("/healthz").status_code == 200
        cluster.redis.heal()
        assert waiting.result().status_code == 200
    cluster.until(lambda: cluster.http.get("/readyz").status_code == 200, "the producer did not find Redis again")
    jobs += [cluster.create("After the silence."), waiting.result().headers["x-speech-job-id"]]
    assert_each_was_done_once(cluster, before, jobs)
    assert processes_of(cluster) == processes


def test_redis_may_lose_its_power_and_boot_again(cluster: Cluster) -> None:
    before, processes = cluster.counted(), processes_of(cluster)
    jobs = start_load(cluster, "darkness")
    cluster.until(lambda: cluster.counted()["units:done"] > before["units:done"] + 6, "nothing is spoken")
    cluster.redis.lose_power()
    refuses_at_once(cluster, "store_unavailable", "Hello.")
    cluster.redis.boot()
    cluster.until(lambda: cluster.http.get("/readyz").status_code == 200, "the producer did not find Redis again")
    jobs += [cluster.create("After the darkness.")]
    # Whoever waited for a bell on a connection that is no more must notice by himself: in ten seconds, and not in a minute.
    cluster.until(lambda: (cluster.counted() - before)["jobs:completed"] == len(jobs), "the workers are deaf", timeout_s=30)
    assert_each_was_done_once(cluster, before, jobs)
    assert processes_of(cluster) == processes


def test_while_storage_is_cut_off_results_are_kept_and_nobody_is_charged(cluster: Cluster) -> None:
    before = cluster.counted()
    jobs = start_load(cluster, "a locked store")
    cluster.until(lambda: cluster.counted()["units:done"] > before["units:done"] + 6, "nothing is spoken")
    cluster.s3.cut()
    begun = time.monotonic()
    while time.monotonic() < begun + LEASE_S + 1:
        refuses_at_once(cluster, "storage_unavailable", LARGE)
    jobs += [cluster.create("This one is small enough.")]
    cluster.s3.heal()
    assert_each_was_done_once(cluster, before, jobs)
    assert cluster.counted()["units:crashed"] == before["units:crashed"]


def refuses_at_once(cluster: Cluster, code: str, text: str) -> None:
    def refused_s() -> float:
        begun = time.monotonic()
        answer = cluster.http.post(JOBS, json={"input": text})
        took_s = time.monotonic() - begun
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, code)
        return took_s

    assert_in_time(refused_s, 2.5)


def processes_of(cluster: Cluster) -> dict[str, int]:
    """All that run now, but Redis's own."""
    return {f"{host.name} {name}": program.pid for host in cluster.hosts if host is not cluster.redis
            for name, program in host.programs.items() if program.running}
