"""What can go wrong between us and the server, before it is decided whether to try again."""


class Trouble(Exception):
    """A request that gave no speech. `message` is for clients: it names no address of the operator's. `detail` is for the log."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class Away(Trouble):
    """It could not be reached, or is not ready: it is waited for, and nobody is charged. `retry_after_s` is what it asked for
    itself, seconds."""

    def __init__(self, message: str, detail: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, detail)
        self.retry_after_s = retry_after_s


class Busy(Away):
    """It has had too much of us (429): waited for as well, but not for ever. It may mean that somebody has not paid."""


class Broken(Trouble):
    """It answered, and then failed: the same request may work another time."""


class Wrong(Trouble):
    """It will not work until somebody changes a setting, here or there: a key that is refused, a redirect."""
