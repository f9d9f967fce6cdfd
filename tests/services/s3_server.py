"""A real S3 server for tests: Ceph's gateway where its Debian packages are installed, else rclone's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from speechmill.settings import S3Settings
from tests.services.program import Program


@dataclass(frozen=True)
class S3Server:
    """A running server. `gateway` is the process that speaks S3; objects outlive kill() and restart() of it."""

    name: str
    endpoint_url: str
    access_key_id: str
    secret_access_key: str
    gateway: Program

    def settings(self, bucket: str) -> S3Settings:
        return S3Settings(bucket=bucket, endpoint_url=self.endpoint_url, access_key_id=SecretStr(self.access_key_id),
                          secret_access_key=SecretStr(self.secret_access_key))

    def kill(self) -> None:
        """kill -9 of the gateway."""
        self.gateway.kill()

    def restart(self) -> None:
        """Start the gateway again on the same port; stops it first where it runs."""
        self.gateway.stop()
        self.gateway.start()


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """The best S3 server that this machine has."""
    from tests.services import ceph_rgw, rclone_s3

    with (ceph_rgw.running_ceph(folder) if ceph_rgw.installed() else rclone_s3.running_rclone(folder)) as server:
        yield server
