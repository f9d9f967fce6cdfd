"""Ceph's S3 gateway on the smallest cluster there is: one monitor, one OSD that keeps objects in memory, one radosgw.

No manager daemon: pools are made and placement groups become active without one. Programs and their options are those of
Debian 12's Ceph 16.2; https://docs.ceph.com/en/pacific/install/manual-deployment/ is the procedure in words.
"""

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.program import Program, accepts, free_port, speaks_http
from tests.services.s3_server import S3Server

ACCESS_KEY_ID = "CEPHACCESSKEY0000000"
SECRET_ACCESS_KEY = "ceph-secret-key-for-tests"
MEMORY_BYTES = 4 * 1024**3
"""How much the OSD says it can hold; memory is used only by what is stored."""

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))

_KEYS = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *"},
    "client.rgw": {"mon": "allow rwx", "osd": "allow rwx"},
    "osd.0": {"mon": "allow profile osd", "osd": "allow *"},
}

_CONFIGURATION = """
[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{mon_port}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
keyring = {folder}/keyring
log_file = {folder}/$name.log
admin_socket =
mon_data = {folder}/mon
osd_data = {folder}/osd
rgw_data = {folder}

# Changes of the cluster map are agreed on once a second by default, and starting takes a dozen of them.
paxos_propose_interval = 0.05

# One OSD: one copy, one placement group a pool.
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true

osd_objectstore = memstore
memstore_device_bytes = {memory_bytes}
# The monitor shuts itself down on a disk fuller than 95 %, which is none of the tests' business.
mon_data_avail_crit = 1

# A cache is kept coherent by notes to every gateway, and a killed one holds each note up for ten seconds.
rgw_cache_enabled = false
"""


def installed() -> bool:
    """Whether Ceph's programs are there."""
    return all(shutil.which(program, path=_PATH) for program in
               ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin"))


@contextmanager
def running_ceph(folder: Path) -> Iterator[S3Server]:
    """A cluster in `folder` with its gateway on a free loopback port."""
    cluster = _Cluster(folder, fsid=str(uuid.uuid4()), mon_port=free_port())
    cluster.write_configuration()
    with ExitStack() as running:
        running.enter_context(cluster.monitor())
        running.enter_context(cluster.osd())
        cluster.run("radosgw-admin", "user", "create", "--uid", "tests", "--display-name", "Tests",
                    "--access-key", ACCESS_KEY_ID, "--secret-key", SECRET_ACCESS_KEY, "--max-buckets", "100000")
        port = free_port()
        gateway = running.enter_context(cluster.gateway(port))
        yield S3Server("Ceph RGW", f"http://127.0.0.1:{port}", ACCESS_KEY_ID, SECRET_ACCESS_KEY, gateway)


@dataclass(frozen=True)
class _Cluster:
    folder: Path
    fsid: str
    mon_port: int

    def write_configuration(self) -> None:
        (self.folder / "ceph.conf").write_text(_CONFIGURATION.format(
            folder=self.folder, fsid=self.fsid, mon_port=self.mon_port, memory_bytes=MEMORY_BYTES))
        keyring = str(self.folder / "keyring")
        (self.folder / "keyring").touch(mode=0o600)
        for name, capabilities in _KEYS.items():
            pairs = [argument for pair in capabilities.items() for argument in ("--cap", *pair)]
            self.run("ceph-authtool", keyring, "--gen-key", "-n", name, *pairs)

    @contextmanager
    def monitor(self) -> Iterator[None]:
        monmap = str(self.folder / "monmap")
        (self.folder / "mon").mkdir()
        self.run("monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", f"[v2:127.0.0.1:{self.mon_port}]", monmap)
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", str(self.folder / "keyring"))
        with self._daemon("ceph-mon", "-i", "a", ready=lambda: accepts(self.mon_port)):
            yield

    @contextmanager
    def osd(self) -> Iterator[None]:
        # The monitor ignores, without a word, an OSD that boots with another id than the one it was told of.
        osd_id = str(uuid.uuid4())
        (self.folder / "osd").mkdir()
        self.run("ceph", "osd", "new", osd_id)
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd_id)
        # Whoever asks it something waits until it is up, so nobody waits here.
        with self._daemon("ceph-osd", "-i", "0", ready=lambda: True):
            yield

    @contextmanager
    def gateway(self, port: int) -> Iterator[Program]:
        # Without tcp_nodelay every GET waits 40 ms for a delayed acknowledgement.
        frontend = f"beast endpoint=127.0.0.1:{port} tcp_nodelay=1"
        with self._daemon("radosgw", "-n", "client.rgw", "--rgw-frontends", frontend, ready=lambda: speaks_http(port)) as program:
            yield program

    @contextmanager
    def _daemon(self, name: str, *arguments: str, ready: Callable[[], bool]) -> Iterator[Program]:
        command = (_find(name), "-c", str(self.folder / "ceph.conf"), *arguments, "-f")
        program = Program(command, self.folder / f"{name}.out", ready)
        program.start()
        try:
            yield program
        finally:
            # Nothing of it is kept, and radosgw takes seconds over a polite end.
            program.kill()

    def run(self, name: str, *arguments: str) -> None:
        """Run one of Ceph's commands to its end. Raises CalledProcessError with what it wrote as a note."""
        command = [_find(name), "-c", str(self.folder / "ceph.conf"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            error = subprocess.CalledProcessError(done.returncode, command)
            error.add_note(done.stderr)
            raise error


def _find(name: str) -> str:
    return shutil.which(name, path=_PATH) or name
