"""A host: a network namespace with an address, and the programs that run on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.hosts.network import Namespace, Network
from tests.services.program import Program


@dataclass(frozen=True)
class Service:
    """What a host starts when it boots. Where it says when it is `ready`, the boot waits for it."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] = lambda: True


@dataclass
class Host:
    """Off until it boots. `folder` is its disk: it outlives a loss of power."""

    name: str
    address: str
    services: tuple[Service, ...]
    network: Network
    folder: Path
    programs: dict[str, Program] = field(default_factory=dict)
    _namespace: Namespace | None = None
    _is_cut: bool = False

    @property
    def is_on(self) -> bool:
        return self._namespace is not None

    def boot(self) -> None:
        """Raises CannotMakeHosts, DidNotStart."""
        self.folder.mkdir(exist_ok=True)
        namespace = self._namespace = self.network.host_namespace(self.name)
        self.network.plug_in(self.name, namespace, self.address)
        self.programs = {service.name: self._program(service, namespace) for service in self.services}
        for program in self.programs.values():
            program.start()

    def lose_power(self) -> None:
        """As when the plug is pulled: no process, no connection is left, and none of their partners is told."""
        if self._namespace is None:
            return
        self.network.pull_out(self.name)
        for program in self.programs.values():
            program.kill()
        self._namespace.keeper.kill()
        self._namespace, self._is_cut = None, False

    def cut(self) -> None:
        """Nothing comes in or goes out any more; what runs here is not told, nor is anybody else."""
        self.network.cut(self.name)
        self._is_cut = True

    def heal(self) -> None:
        if self._is_cut:
            self.network.heal(self.name)
            self._is_cut = False

    def last_words(self) -> str:
        """The end of what each program logged."""
        return "\n".join(f"== {self.name} {name}\n" + "\n".join(program.log.read_text(errors="replace").splitlines()[-30:])
                         for name, program in self.programs.items())

    def _program(self, service: Service, namespace: Namespace) -> Program:
        log = self.folder / f"{service.name}.log"
        return Program(namespace.inside(*service.command), log, service.ready, service.environment)
