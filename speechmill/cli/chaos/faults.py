"""What each kind of fault does. Each begins once, and ends once: what is broken is then whole again."""

from dataclasses import dataclass
from typing import Protocol

from speechmill.cli.chaos.clients import Clients
from speechmill.cli.chaos.member import Member
from speechmill.cli.chaos.patient_redis import answering
from speechmill.cli.chaos.receiver import Manners, Receiver
from speechmill.cli.chaos.s3_proxy import Mode, S3Proxy
from speechmill.cli.chaos.schedule import Kind, Planned
from speechmill.cli.chaos.system import System
from speechmill.tasks import CELERY_PREFIX


class Fault(Protocol):
    async def begin(self) -> None: ...
    async def end(self) -> None: ...


@dataclass(frozen=True)
class Kill:
    """SIGKILL, as a power cut would; started again at the end."""

    member: Member

    async def begin(self) -> None:
        self.member.kill()

    async def end(self) -> None:
        self.member.start()


@dataclass(frozen=True)
class Restart:
    """SIGTERM, and a new start."""

    member: Member

    async def begin(self) -> None:
        await self.member.stop()

    async def end(self) -> None:
        self.member.start()


@dataclass(frozen=True)
class Freeze:
    """SIGSTOP for longer than its leases last: when it thaws, others have its units, and what it commits must not count."""

    member: Member

    async def begin(self) -> None:
        self.member.freeze()

    async def end(self) -> None:
        self.member.thaw()


@dataclass(frozen=True)
class Configure:
    """A setting of the running Redis, under which it refuses writes, and the value that ends that."""

    redis_url: str
    setting: str
    broken: str
    whole: str

    async def begin(self) -> None:
        await self._set(self.broken)

    async def end(self) -> None:
        await self._set(self.whole)

    async def _set(self, value: str) -> None:
        async with answering(self.redis_url) as client:
            await client.config_set(self.setting, value)


@dataclass(frozen=True)
class Replica:
    """Redis takes itself for the replica of a server that is not there, as after a failover: it can be read and not written."""

    redis_url: str

    async def begin(self) -> None:
        async with answering(self.redis_url) as client:
            await client.replicaof("127.0.0.1", "1")

    async def end(self) -> None:
        async with answering(self.redis_url) as client:
            await client.replicaof("NO", "ONE")


@dataclass(frozen=True)
class DeleteQueues:
    """All doorbells that wait are gone."""

    redis_url: str

    async def begin(self) -> None:
        async with answering(self.redis_url) as client:
            if keys := [key async for key in client.scan_iter(f"{CELERY_PREFIX}*", count=1000)]:
                await client.delete(*keys)

    async def end(self) -> None:
        await self.begin()


@dataclass(frozen=True)
class BreakS3:
    proxy: S3Proxy
    mode: Mode

    async def begin(self) -> None:
        await self.proxy.turn(self.mode)

    async def end(self) -> None:
        await self.proxy.turn(Mode.PASS)


@dataclass(frozen=True)
class Misbehave:
    receiver: Receiver
    manners: Manners

    async def begin(self) -> None:
        self.receiver.turn(self.manners)

    async def end(self) -> None:
        self.receiver.turn(Manners.TAKE)


@dataclass(frozen=True)
class Poison:
    clients: Clients

    async def begin(self) -> None:
        self.clients.poison()

    async def end(self) -> None:
        pass


@dataclass(frozen=True)
class World:
    """All that faults are done to."""

    system: System
    receiver: Receiver
    clients: Clients

    def fault(self, planned: Planned) -> Fault:
        """What is done for an entry of the schedule."""
        redis_url, proxy, receiver = self.system.redis_url, self.system.proxy, self.receiver
        match planned.kind:
            case Kind.KILL_SPEECH | Kind.KILL_CPU | Kind.KILL_PRODUCER | Kind.KILL_REDIS | Kind.KILL_S3:
                return Kill(self.system.members[planned.target])
            case Kind.FREEZE_SPEECH | Kind.FREEZE_CPU:
                return Freeze(self.system.members[planned.target])
            case Kind.RESTART_REDIS:
                return Restart(self.system.members[planned.target])
            case Kind.DELETE_QUEUES:
                return DeleteQueues(redis_url)
            case Kind.FULL_REDIS:
                return Configure(redis_url, "maxmemory", "1", "0")
            case Kind.READ_ONLY_REDIS:
                return Configure(redis_url, "min-replicas-to-write", "1", "0")
            case Kind.REPLICA_REDIS:
                return Replica(redis_url)
            case Kind.S3_REFUSES | Kind.S3_HANGS | Kind.S3_ERRORS | Kind.S3_CUTS_REQUESTS | Kind.S3_CUTS_ANSWERS:
                return BreakS3(proxy, _MODES[planned.kind])
            case Kind.RECEIVER_ERRORS | Kind.RECEIVER_HANGS | Kind.RECEIVER_CLOSES:
                return Misbehave(receiver, _MANNERS[planned.kind])
            case Kind.POISON:
                return Poison(self.clients)


_MODES = {Kind.S3_REFUSES: Mode.REFUSE, Kind.S3_HANGS: Mode.HANG, Kind.S3_ERRORS: Mode.ERROR,
          Kind.S3_CUTS_REQUESTS: Mode.CUT_REQUESTS, Kind.S3_CUTS_ANSWERS: Mode.CUT_ANSWERS}
_MANNERS = {Kind.RECEIVER_ERRORS: Manners.ERROR, Kind.RECEIVER_HANGS: Manners.HANG, Kind.RECEIVER_CLOSES: Manners.CLOSE}
