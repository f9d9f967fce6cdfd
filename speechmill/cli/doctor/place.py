"""Where the stack would run: its folder and its port."""

import http.client
import os
import shutil
from pathlib import Path

from speechmill.cli.doctor.finding import Finding
from speechmill.cli.stack.parts import Address
from speechmill.cli.stack.ready import missing
from speechmill.cli.stack.redis import is_free

LEAST_FREE_BYTES = 1024**3


def data_folder(data: Path) -> Finding:
    here = data.absolute()
    existing = next(folder for folder in (here, *here.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding("data folder", "missing", f"{existing} cannot be written to", "choose another with --data")
    free = shutil.disk_usage(existing).free
    detail = f"{here}{'' if existing == here else ' (will be made)'}, {free / 1e9:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        return Finding("data folder", "warning", detail, "an hour of speech takes some 100 MB, its segments included")
    return Finding("data folder", "ok", detail)


def port(address: Address) -> Finding:
    name = f"port {address.port}"
    if is_free(address.host, address.port):
        return Finding(name, "ok", "free")
    if not _is_speechmill(address):
        return Finding(name, "missing", "something else listens there", "stop it, or choose another with --port")
    lacking = missing(address, ("speech", "cpu"))
    if lacking:
        return Finding(name, "warning", f"a speechmill listens there, waiting for {lacking.what}", "see its log")
    return Finding(name, "ok", f"a speechmill is ready at {address.url}")


def _is_speechmill(address: Address) -> bool:
    connection = http.client.HTTPConnection(address.reachable, address.port, timeout=3)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status == http.HTTPStatus.OK and b'"ok"' in answer.read(200)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
