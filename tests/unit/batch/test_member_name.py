"""Files in the archive are called as their lines are, as far as every file system can bear it."""

import pytest

from worker.batch.member_name import MemberNames, safe_name


@pytest.mark.parametrize(("custom_id", "name"), [
    ("line-1", "line-1"), ("Kapitel 3, Höhe", "Kapitel 3_ Höhe"), ("../../etc/passwd", "_.._etc_passwd"), ("a/b\\c", "a_b_c"),
    ("...", "_"), (".hidden", "hidden"), ("con", "_con"), ("NUL.txt", "_NUL.txt"),
    ("a\x00b\n", "a_b_"), ("東京", "東京"),
    ("x" * 512, "x" * 120), ("ü" * 512, "ü" * 60)])
def test_names_are_safe(custom_id: str, name: str) -> None:
    assert safe_name(custom_id) == name


def test_names_are_unique_also_where_case_and_composition_do_not_count() -> None:
    names = MemberNames()
    made = [names.name(custom_id, number) for number, custom_id in enumerate(
        ("a/b", "a:b", "A_B", "é", "é", "x", "x~8", "X", "x_8"), 1)]
    assert made == ["a_b", "a_b~2", "A_B~3", "é", "é~5", "x", "x_8", "X~8", "x_8~9"]
