"""What a part logs from now on."""

from pathlib import Path

from speechmill.cli.stack.part import plain


class LogTail:
    """Begins at the end of what is there; a log that does not exist yet is read from its beginning."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read_bytes = log.stat().st_size if log.exists() else 0

    def lines(self) -> list[str]:
        """The messages of the whole lines that have come since the last call."""
        if not self._log.exists() or self._log.stat().st_size <= self._read_bytes:
            return []
        with self._log.open("rb") as log:
            log.seek(self._read_bytes)
            whole = log.read().rpartition(b"\n")[0]
        self._read_bytes += len(whole) + 1 if whole else 0
        return [plain(line) for line in whole.decode("utf-8", "replace").split("\n") if line.strip()]
