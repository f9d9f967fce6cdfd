"""A network of the test's own: a bridge in a network namespace, into which hosts are plugged.

The namespaces have no names: they are there as long as a process is in them, and each such process dies with pytest (Program).
So nothing can be left behind, and two runs don't see each other.

Whoever may make user namespaces needs no rights (user_namespaces(7)): in one's own, everybody is root. Where they are forbidden,
root does without.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.program import Program

USER_NAMESPACE = ("--user", "--map-root-user")
BRIDGE = ("ip", "link", "add", "name", "bridge", "type", "bridge")
NOT_PERMITTED = """network namespaces cannot be made here, and these tests give each host one. Any of these will do:
  - allow user namespaces: sysctl -w user.max_user_namespaces=10000, and where they are known
    kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0;
  - run as root with the capability CAP_SYS_ADMIN (docker run --cap-add SYS_ADMIN --security-opt seccomp=unconfined).
What was said: """


class CannotMakeHosts(Exception):
    """Neither this user nor root may make network namespaces here, or iproute2 is missing; the message says what would help."""


@dataclass(frozen=True)
class Namespace:
    """A network, with a host name of its own, that lasts as long as `keeper` sleeps in it. `own_users`: in a user namespace."""

    keeper: Program
    own_users: bool

    def inside(self, *command: str) -> tuple[str, ...]:
        """`command` as it is run inside. The process that is started becomes it, so its id is the one to be killed."""
        users = ("--user", "--preserve-credentials") if self.own_users else ()
        return ("nsenter", "--target", str(self.keeper.pid), *users, "--net", "--uts", "--", *command)

    def do(self, *command: str) -> None:
        """Run `command` inside; raises CannotMakeHosts with what it said when it fails."""
        done = subprocess.run(self.inside(*command), capture_output=True, text=True)
        if done.returncode:
            raise CannotMakeHosts(f"{' '.join(command)}: {done.stderr.strip()}")


@dataclass(frozen=True)
class Network:
    """A bridge, which forwards between the cables that are plugged into it. Addresses are IPv4, all in one /24."""

    folder: Path
    ground: Namespace

    def host_namespace(self, name: str) -> Namespace:
        """A namespace for the host `name`, without a cable yet."""
        keeper = _keeper(self.ground.inside("unshare", "--net", "--uts"), f"hostname {name} && ip link set dev lo up",
                         self.folder / f"{name}.log")
        return Namespace(keeper, self.ground.own_users)

    def plug_in(self, name: str, host: Namespace, address: str) -> None:
        """A cable between the bridge, where it is called `name`, and the host, where it is eth0 with `address`."""
        # The same hardware address each time: the others remember it of a host that boots again.
        hardware = ":".join(("02", "00", *(f"{int(part):02x}" for part in address.split("."))))
        self.ground.do("ip", "link", "add", "name", name, "type", "veth",
                       "peer", "name", "eth0", "address", hardware, "netns", str(host.keeper.pid))
        self.ground.do("ip", "link", "set", "dev", name, "master", "bridge", "up")
        host.do("ip", "address", "add", f"{address}/24", "dev", "eth0")
        host.do("ip", "link", "set", "dev", "eth0", "up")

    def pull_out(self, name: str) -> None:
        self.ground.do("ip", "link", "delete", "dev", name)

    def cut(self, name: str) -> None:
        """From now on the cable loses what is sent, in both directions, and tells nobody."""
        self.ground.do("ip", "link", "set", "dev", name, "down")

    def heal(self, name: str) -> None:
        self.ground.do("ip", "link", "set", "dev", name, "up")


@contextmanager
def open_network(folder: Path) -> Iterator[Network]:
    """Logs go to `folder`. Raises CannotMakeHosts."""
    own_users = _needs_user_namespace()
    start = ("unshare", *(USER_NAMESPACE if own_users else ()), "--net", "--uts")
    keeper = _keeper(start, f"{' '.join(BRIDGE)} && ip link set dev bridge up", folder / "network.log")
    try:
        yield Network(folder, Namespace(keeper, own_users))
    finally:
        keeper.kill()


def _needs_user_namespace() -> bool:
    """Whether to make a user namespace first. Raises CannotMakeHosts where no way leads to a network with a bridge in it."""
    missing = [program for program in ("unshare", "nsenter", "ip") if not shutil.which(program)]
    if missing:
        raise CannotMakeHosts(f"these tests need {', '.join(missing)}: install the packages util-linux and iproute2.")
    said = ""
    for own_users in (True, False):
        probe = ("unshare", *(USER_NAMESPACE if own_users else ()), "--net", "--uts", *BRIDGE)
        done = subprocess.run(probe, capture_output=True, text=True)
        if done.returncode == 0:
            return own_users
        said += f"\n  {' '.join(probe)}: {done.stderr.strip()}"
        if os.geteuid() != 0:
            break
    raise CannotMakeHosts(NOT_PERMITTED + said)


def _keeper(start: tuple[str, ...], first: str, log: Path) -> Program:
    """A process that does `first` in a new namespace and then sleeps there. Raises DidNotStart."""
    keeper = Program((*start, "sh", "-c", f"{first} && exec sleep infinity"), log, lambda: _is_asleep(keeper.pid))
    keeper.start()
    return keeper


def _is_asleep(pid: int) -> bool:
    return Path(f"/proc/{pid}/comm").read_text().strip() == "sleep"
