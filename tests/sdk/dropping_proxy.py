"""A way to the producer that breaks once: the first request arrives there, and its reply never comes back."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.contract.webhook_receiver import pump


class DroppingProxy:
    """Listens on loopback and leads to `port` there. Close it when the client is done."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._first = True
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)   # wakes `_accept`
        self._listener.close()
        for thread in self._threads:
            thread.join(15)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._lead, args=(client, self._first)))
                self._first = False
                self._threads[-1].start()

    def _lead(self, client: socket.socket, breaks: bool) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as producer, suppress(OSError):
            asking = threading.Thread(target=pump, args=(client, producer))
            asking.start()
            if breaks:
                producer.recv(1)                        # the reply begins: whatever was asked for has been done
                client.shutdown(socket.SHUT_RDWR)
            else:
                pump(producer, client)
            asking.join(15)


@contextmanager
def dropping_once(port: int) -> Iterator[str]:
    """The proxy's base URL."""
    proxy = DroppingProxy(port)
    try:
        yield proxy.url
    finally:
        proxy.close()
