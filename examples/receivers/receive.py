"""A webhook receiver in Python: `pip install standardwebhooks`, then `WEBHOOK_SECRET=whsec_… python receive.py`.

It answers at once and works afterwards: a receiver that takes longer than fifteen seconds is taken for one that failed. An event
may come twice, so its id decides whether it is new.
"""

import os
import queue
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

LONGEST_BODY = 20_000  # bytes; no event is longer
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
work: "queue.Queue[dict[str, Any]]" = queue.Queue()
seen: set[str] = set()  # in real life a table with a unique key, which outlives this process
knowing = threading.Lock()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if length > LONGEST_BODY:
            self.answer(413)
            return
        body = self.rfile.read(length)  # the very bytes: the signature is over them, not over what JSON makes of them
        try:
            event = webhook.verify(body.decode(), {name.lower(): value for name, value in self.headers.items()})
        except (WebhookVerificationError, UnicodeDecodeError):
            self.answer(400)  # not from us, altered, or older than five minutes
            return
        with knowing:
            is_new = event["id"] not in seen
            seen.add(event["id"])
        if is_new:
            work.put(event)
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def do_the_work() -> None:
    while True:
        event = work.get()
        about = event["data"]
        sys.stdout.write(f"{event['type']} {about['id']}\n")
        if event["type"] == "speech.job.completed":
            sys.stdout.write(f"  fetch {about['output']['url']}\n")
        sys.stdout.flush()


def main() -> None:
    threading.Thread(target=do_the_work, daemon=True).start()
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Receiver)
    sys.stdout.write(f"listening on {server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
