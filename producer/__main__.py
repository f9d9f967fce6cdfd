"""`python -m producer`: serve until told to stop."""

import sys

import uvicorn

from producer.auth import refuse_an_open_door
from producer.metrics.together import counting_together
from speechmill.settings import BadSettings, load_settings


def main() -> int:
    try:
        settings = load_settings()
        refuse_an_open_door(settings)
    except BadSettings as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    with counting_together(settings.producer.processes):
        uvicorn.run("producer.app:create_app", factory=True, host=settings.producer.host, port=settings.producer.port,
                    workers=settings.producer.processes, log_config=None, access_log=False, server_header=False,
                    timeout_graceful_shutdown=10, timeout_keep_alive=75, backlog=2048)
    return 0


if __name__ == "__main__":
    sys.exit(main())
