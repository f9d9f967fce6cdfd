"""Real services for tests. Each starts when the first test asks for it, and ends with the run."""

import os
import signal
import uuid
from collections.abc import Iterator

import pytest
from xdist.workermanage import WorkerController

from speechmill.settings import S3Settings
from tests.services import ceph_rgw
from tests.services.ceph_rgw import running_ceph
from tests.services.rclone_s3 import running_rclone
from tests.services.redis_server import RedisServer, redis_program, running_redis
from tests.services.s3_server import S3Server

# The networks of the tests are tiny: several threads a layer, in several processes, would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_used = pytest.StashKey[set[str]]()


def pytest_configure() -> None:
    # A shell ignores Ctrl-C for what it runs in the background (`make test &`, some CI), and every child inherits that:
    # the programs that the tests interrupt would not notice.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def redis_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of the run's own. A test that kills it restarts it."""
    _note(request, f"Redis is {redis_program()}")
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Redis, empty."""
    if not redis_server.program.running:  # a test failed between kill and restart
        redis_server.restart()
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def ceph_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    _note(request, "S3 is Ceph RGW")
    with running_ceph(tmp_path_factory.mktemp("ceph")) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    _note(request, "S3 is rclone serve s3")
    with running_rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    """The best S3 server of this machine: Ceph's gateway, else rclone's. The end of the run says which."""
    server: S3Server = request.getfixturevalue("ceph_server" if ceph_rgw.installed() else "rclone_server")
    return server


@pytest.fixture
def s3_settings(s3_server: S3Server) -> S3Settings:
    """A bucket of the test's own, not made yet."""
    if not s3_server.gateway.running:  # a test failed between kill and restart
        s3_server.restart()
    return s3_server.settings(bucket=f"test-{uuid.uuid4().hex}")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController, error: object) -> None:
    """Of tests that run in several processes, one speaks for all."""
    node.config.stash.setdefault(_used, set()).update(getattr(node, "workeroutput", {}).get("services", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["services"] = sorted(session.config.stash.get(_used, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    used = sorted(config.stash.get(_used, ()))
    if used:
        terminalreporter.write_line(f"Real services of this run: {'; '.join(used)}.")
    if used and not ceph_rgw.installed():
        terminalreporter.write_line("Ceph is not installed: S3 was rclone's server alone. deploy/test-services.sh installs Ceph.")


def _note(request: pytest.FixtureRequest, service: str) -> None:
    request.config.stash.setdefault(_used, set()).add(service)
