"""Why there is no one launch here."""


class Unavailable(Exception):
    """One launch can't be had on this machine; the message says why. Frames are then drawn kernel after kernel."""
