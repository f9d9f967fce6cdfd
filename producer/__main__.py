"""`python -m producer`: serve until told to stop."""

import resource
import sys

import uvicorn

from producer.auth import refuse_an_open_door
from producer.metrics.together import counting_together
from speechmill.settings import BadSettings, load_settings

MOST_FILES = 65_536


def main() -> int:
    try:
        settings = load_settings()
        refuse_an_open_door(settings)
    except BadSettings as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    _take_many_clients()
    with counting_together(settings.producer.processes):
        uvicorn.run("producer.app:create_app", factory=True, host=settings.producer.host, port=settings.producer.port,
                    workers=settings.producer.processes, log_config=None, access_log=False, server_header=False,
                    timeout_graceful_shutdown=10, timeout_keep_alive=75, backlog=2048)
    return 0


def _take_many_clients() -> None:
    """Each takes a file, and many systems begin with 1,024 of them."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(MOST_FILES, most)
    if limit != resource.RLIM_INFINITY and limit < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


if __name__ == "__main__":
    sys.exit(main())
