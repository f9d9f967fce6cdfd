"""How every command ends: its exit status, and the one error that ends it early."""

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    FAILED = 1       # the job failed, or something else did that no other status says better
    USAGE = 2        # the command or its text must change first
    NOT_FOUND = 3
    UNAVAILABLE = 4  # no server, no Redis, a port that is taken: the same command can work later
    TIMEOUT = 5
    CANCELLED = 6


class Failure(Exception):
    """Ends a command: `message`, one line for people, goes to stderr, and `exit` is the status. `code` is what the server called
    it, where it refused something."""

    def __init__(self, message: str, exit: Exit = Exit.FAILED, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.exit = exit
        self.code = code
