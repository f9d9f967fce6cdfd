"""Which hosts there are, at which addresses, and what runs on each: the product's own programs, told of each other by address."""

import socket
import sys
from pathlib import Path

from tests.hosts.host import Host, Service
from tests.hosts.network import Network
from tests.services.rclone_s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY, rclone_arguments
from tests.services.redis_server import redis_arguments

REDIS, S3, PRODUCER, CLIENT = "10.77.0.2", "10.77.0.3", "10.77.0.4", "10.77.0.5"
WORKERS = (("10.77.0.11", ("speech", "cpu")), ("10.77.0.12", ("speech", "cpu")), ("10.77.0.13", ("speech",)))
"""Address and roles of each host of workers."""
REDIS_PORT, S3_PORT, PRODUCER_PORT = 6379, 9000, 8000
PASSWORD = "open-to-a-network"

LEASE_S = 4.0
SETTINGS = {
    "SPEECHMILL_REDIS__URL": f"redis://:{PASSWORD}@{REDIS}:{REDIS_PORT}/0",
    # A claim's reply must be known as lost (after three of these) before its lease ends, as it is with the defaults.
    "SPEECHMILL_REDIS__WORKER_TIMEOUT_S": "0.8",
    "SPEECHMILL_BLOBS__KIND": "s3",
    "SPEECHMILL_S3__ENDPOINT_URL": f"http://{S3}:{S3_PORT}",
    "SPEECHMILL_S3__ACCESS_KEY_ID": ACCESS_KEY_ID,
    "SPEECHMILL_S3__SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    "SPEECHMILL_PRODUCER__HOST": PRODUCER,
    "SPEECHMILL_PRODUCER__ALLOW_ANONYMOUS": "true",
    "SPEECHMILL_PRODUCER__PORT": str(PRODUCER_PORT),
    "SPEECHMILL_WORKER__LEASE_S": str(LEASE_S),
    "SPEECHMILL_WORKER__SPEECH_SLOTS": "6",
    "SPEECHMILL_LOG__FORMAT": "text",
}


def redis_host(network: Network, folder: Path) -> Host:
    """Redis listens on the socket that `redis_socket` names, too: no cut reaches that, and the tests look in by it."""
    path = redis_socket(folder)
    command = (*redis_arguments(folder, REDIS, REDIS_PORT), "--requirepass", PASSWORD, "--unixsocket", str(path))
    return Host("redis", REDIS, (Service("redis", command, ready=lambda: _listens(path)),), network, folder)


def redis_socket(folder: Path) -> Path:
    return folder / "redis.sock"


def s3_host(network: Network, folder: Path) -> Host:
    return Host("s3", S3, (Service("rclone", rclone_arguments(folder, S3, S3_PORT)),), network, folder)


def producer_host(network: Network, folder: Path) -> Host:
    return Host("producer", PRODUCER, (_ours("producer", "producer"),), network, folder)


def worker_host(network: Network, folder: Path, number: int) -> Host:
    """Its voice takes its time (tests/e2e/paced_worker.py); all else is as anywhere."""
    address, roles = WORKERS[number]
    modules = {"speech": "tests.e2e.paced_worker", "cpu": "worker"}
    services = tuple(_ours(role, modules[role], role, SPEECHMILL_WORKER__SCRATCH=str(folder)) for role in roles)
    return Host(f"worker-{number}", address, services, network, folder)


def client_host(network: Network, folder: Path) -> Host:
    """It asks the producer, and follows its links to storage, through sockets in `folder` (see forward.py)."""
    services = (_way(folder / "producer.sock", PRODUCER, PRODUCER_PORT), _way(folder / "s3.sock", S3, S3_PORT))
    return Host("client", CLIENT, services, network, folder)


def _ours(name: str, *module: str, **environment: str) -> Service:
    return Service(name, (sys.executable, "-m", *module), {**SETTINGS, **environment})


def _way(path: Path, address: str, port: int) -> Service:
    command = (sys.executable, "-m", "tests.hosts.forward", str(path), address, str(port))
    return Service(path.stem, command, ready=lambda: _listens(path))


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
