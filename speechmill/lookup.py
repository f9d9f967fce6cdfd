"""Host names to addresses, without anybody waiting longer than they want to.

`getaddrinfo` cannot be told when to stop: with a name server away it takes half a minute. So each lookup has a thread of its
own, and whoever asked waits for the future as long as they please.
"""

import errno
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
GetAddrInfo = Callable[..., Iterable[tuple[Any, Any, Any, str, tuple[Any, ...]]]]


class Lookup:
    """Looks names up on daemon threads: a lookup that hangs must hold up neither its caller nor the end of the process."""

    def __init__(self, getaddrinfo: GetAddrInfo = socket.getaddrinfo, at_once: int = 32) -> None:
        self._getaddrinfo = getaddrinfo
        self._free = threading.BoundedSemaphore(at_once)

    def start(self, host: str, port: int) -> Future[tuple[Address, ...]]:
        """The addresses of `host`, each once, in the order they should be tried. The future fails with OSError when
        there are none (socket.gaierror), or when too many lookups are under way."""
        future: Future[tuple[Address, ...]] = Future()
        future.set_running_or_notify_cancel()  # from here on a caller that gives up cannot cancel it under the thread
        if self._free.acquire(blocking=False):
            threading.Thread(target=self._run, args=(future, host, port), name="lookup", daemon=True).start()
        else:
            future.set_exception(OSError(errno.EAGAIN, "too many name lookups are under way"))
        return future

    def _run(self, future: "Future[tuple[Address, ...]]", host: str, port: int) -> None:
        try:
            future.set_result(self._addresses(host, port))
        except Exception as error:
            future.set_exception(error)

    def _addresses(self, host: str, port: int) -> tuple[Address, ...]:
        try:
            found = self._getaddrinfo(host, port, type=socket.SOCK_STREAM)
        finally:
            self._free.release()
        return tuple(dict.fromkeys(ipaddress.ip_address(sockaddr[0]) for *_, sockaddr in found))
