"""`--json FILE` of the benches."""

from pathlib import Path

import pytest

from tests.unit.cli.test_commands import run


@pytest.mark.parametrize(("bench", "arguments"), [
    ("engine", ("--random", "tiny")), ("guide", ("--random", "tiny")), ("soak", ("--random", "tiny")), ("scale", ("--quick",)),
    ("serve", ("--voice", "tone")), ("book", ()),
])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(
        bench: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    for file, why in ((tmp_path / "none" / "rows.json", "there is no folder"), (tmp_path, "is a directory")):
        done = run("bench", bench, *arguments, "--json", str(file))
        assert done.returncode == 2
        assert "Invalid value for '--json'" in done.stderr.decode()
        assert why in done.stderr.decode()
        assert not done.stdout
