"""`bench book`: what it refuses before it makes a book."""

from tests.unit.cli.test_commands import run


def test_chapters_too_short_to_change_a_word_in_are_refused_before_the_book_is_made() -> None:
    done = run("bench", "book", "--words", "1000", "--chapters", "40")
    assert done.returncode == 2
    assert "take more --words or fewer --chapters" in done.stderr.decode()
    assert "starting a stack" not in done.stderr.decode()
