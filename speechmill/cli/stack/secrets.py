"""The secrets of a data folder, made once: what signs URLs and webhooks, and Redis's password."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from speechmill.cli.exits import Failure
from speechmill.webhook import new_secret


@dataclass(frozen=True)
class Secrets:
    url_secret: str
    webhook_secret: str
    redis_password: str

    def __repr__(self) -> str:
        return "Secrets(…)"  # They must not turn up in a traceback.


def read_secrets(file: Path) -> Secrets | None:
    """What `keep_secrets` wrote; None when it never did. Raises Failure for a file that is not its."""
    try:
        return Secrets(**json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise Failure(f"{file} cannot be read as this program's secrets ({error}). Without them old download links and "
                      "webhook signatures are void: restore it from a backup, or remove it to have new ones made.") from None
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror}.") from None


def keep_secrets(file: Path) -> Secrets:
    """The folder's secrets; new ones, readable by nobody else, where there are none yet."""
    kept = read_secrets(file)
    if kept is None:
        kept = Secrets(secrets.token_urlsafe(32), new_secret(), secrets.token_urlsafe(24))
        partial = file.with_suffix(".part")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            json.dump(asdict(kept), stream, indent=2)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, file)
    return kept
