"""Run as root of a machine of its own (see test_rebinding.py): a public address with a receiver, a loopback with a trap, and a
name server of ours that the system's resolver asks. Posts webhooks to a name that changes its mind, and prints what happened as
JSON."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import AF_INET, AF_INET6, create_server
from typing import Any

from speechmill.address import Policy, check_at_submit
from speechmill.errors import InvalidRequest
from speechmill.lookup import Lookup
from speechmill.settings import WebhookSettings
from speechmill.webhook import new_secret, parse_secret
from tests.contract.webhook_receiver import HOST, OK, certificate, read_request, trusting
from tests.services.name_server import NameServer
from worker.deliver import Courier, Delivery, Outcome

PUBLIC, LOOPBACK = "93.184.215.14", "127.0.0.1"
SETTINGS = WebhookSettings()   # as they are when nobody sets anything


class Door:
    """Listens at an address on port 443 with a good certificate, takes whatever comes, and counts who knocked."""

    def __init__(self, address: str) -> None:
        self.n_connections = 0
        self._listener = create_server((address, 443), family=AF_INET6 if ":" in address else AF_INET)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            raw, _ = self._listener.accept()
            self.n_connections += 1
            with raw, certificate(HOST).wrap_socket(raw, server_side=True) as conn:
                read_request(conn)
                conn.sendall(OK)


@contextmanager
def name_server(*answers: tuple[str, ...]) -> Iterator[NameServer]:
    """One that gives each of `answers` to one question for IPv4 addresses, then the last one again and again."""
    server: NameServer

    def addresses(_name: str) -> tuple[str, ...]:
        return answers[min(max(len(server.asked), 1), len(answers)) - 1]

    server = NameServer(addresses)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def post() -> Outcome:
    courier = Courier(SETTINGS, Lookup(), trusting())
    return courier.post(Delivery(f"https://{HOST}/hook", "evt_1", b"{}", (parse_secret(new_secret()),), 1_700_000_000))


def submit() -> str:
    """What a client is told of the address."""
    try:
        asyncio.run(check_at_submit(f"https://{HOST}/hook", Policy.of(SETTINGS), Lookup(), 15))
    except InvalidRequest as error:
        return error.message
    return "accepted"


def told(outcome: Outcome) -> str:
    return "delivered" if outcome.ok else outcome.error


def scene(doors: dict[str, Door], answers: tuple[tuple[str, ...], ...], steps: tuple[Callable[[], str], ...]) -> dict[str, Any]:
    before = {name: door.n_connections for name, door in doors.items()}
    with name_server(*answers) as server:
        said = [step() for step in steps]
        n_asked = len(server.asked)
    return {"said": said, "asked": n_asked,
            "knocked": {name: door.n_connections - before[name] for name, door in doors.items()}}


def main(folder: Path) -> None:
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:10 attempts:1\n")
    for command in (("ip", "link", "set", "dev", "lo", "up"), ("ip", "address", "add", f"{PUBLIC}/32", "dev", "lo"),
                    ("mount", "--bind", str(folder / "resolv.conf"), "/etc/resolv.conf")):
        subprocess.run(command, check=True)
    doors = {"public": Door(PUBLIC), "loopback": Door(LOOPBACK), "loopback6": Door("::1")}

    def deliver() -> str:
        return told(post())

    public, inside = (PUBLIC,), (LOOPBACK,)
    print(json.dumps({
        "stays public": scene(doors, (public,), (submit, deliver, deliver)),
        "turns while it is posted": scene(doors, (public, inside), (deliver,)),
        "turns between two tries": scene(doors, (public, inside), (deliver, deliver, deliver)),
        "turns after it was accepted": scene(doors, (public, inside), (submit, deliver)),
        "turns and turns back": scene(doors, (public, inside, public), (deliver, deliver, deliver)),
        "leads to both": scene(doors, ((PUBLIC, LOOPBACK),), (submit, deliver)),
        "leads to IPv6 loopback beside": scene(doors, ((PUBLIC, "::1"),), (submit, deliver)),
        "leads to a mapped address": scene(doors, (("::ffff:127.0.0.1",),), (submit, deliver)),
        "leads through NAT64": scene(doors, (("64:ff9b::7f00:1",),), (submit, deliver)),
        "leads through 6to4": scene(doors, (("2002:7f00:1::",),), (submit, deliver)),
        "leads to this host": scene(doors, (("0.0.0.0",),), (submit, deliver)),
        "leads to a cloud's metadata": scene(doors, (("169.254.169.254",),), (submit, deliver)),
        "leads nowhere": scene(doors, ((),), (submit, deliver)),
    }))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
