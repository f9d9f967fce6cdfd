"""A disk of a few megabytes, for programs that are to meet its end: a tmpfs in a mount namespace, which needs no rights.

    with small_disk(folder, 4 * MIB) as disk:
        stack.start("cpu", *disk.python("worker", "cpu"))   # finds the disk at `folder`
        disk.fill()
        disk.free()
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
_BALLAST = "ballast"


@dataclass(frozen=True)
class SmallDisk:
    """`keeper`: the process whose namespaces have it. It is at `folder` there, and for a test at `seen`."""

    folder: Path
    keeper: int

    @property
    def seen(self) -> Path:
        return Path(f"/proc/{self.keeper}/root{self.folder}")

    def python(self, *module: str) -> tuple[str, ...]:
        """Arguments for `python -m` that run another `python -m` where the disk is."""
        return ("tests.services.small_disk", str(self.keeper), *module)

    def fill(self, leave: int = 0) -> None:
        """Until it takes no more, or `leave` bytes."""
        with (self.seen / _BALLAST).open("ab", buffering=0) as ballast:
            try:
                while ballast.write(bytes(64 * 1024)):
                    pass
            except OSError:
                pass
            if leave:
                ballast.truncate(ballast.tell() - leave)

    def free(self) -> None:
        (self.seen / _BALLAST).unlink()

    def files(self) -> list[str]:
        """All but the ballast."""
        return sorted(str(path.relative_to(self.seen)) for path in self.seen.rglob("*")
                      if path.is_file() and path.name != _BALLAST)


@contextmanager
def small_disk(folder: Path, n_bytes: int) -> Iterator[SmallDisk]:
    """A disk at `folder`, for the programs that are started with `python` alone."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo there && exec sleep infinity'
    with subprocess.Popen(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh", str(n_bytes), str(folder)],
                          stdout=subprocess.PIPE, text=True) as keeper:
        try:
            assert keeper.stdout
            assert keeper.stdout.readline() == "there\n", "no file system can be mounted here, not even in a user namespace"
            yield SmallDisk(folder, keeper.pid)
        finally:
            keeper.kill()


def main(keeper: str, *module: str) -> None:
    """`python -m tests.services.small_disk KEEPER MODULE ...`: become `python -m MODULE ...` where KEEPER lives."""
    os.execvp("nsenter", ["nsenter", "--target", keeper, "--user", "--mount", "--preserve-credentials",
                          f"--wd={Path.cwd()}", sys.executable, "-m", *module])


if __name__ == "__main__":
    main(*sys.argv[1:])
