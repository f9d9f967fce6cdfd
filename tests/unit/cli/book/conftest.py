from pathlib import Path

import pytest


@pytest.fixture
def whale(tmp_path: Path) -> Path:
    """A book to send."""
    file = tmp_path / "whale.md"
    file.write_text("# Loomings\n\nCall me Ishmael.\n", "utf-8")
    return file
