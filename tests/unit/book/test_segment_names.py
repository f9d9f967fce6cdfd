"""A segment is named by what is said there, so that it is found again after what stands before it has changed."""

from speechmill.segment_names import segment_names


def names(*segments: tuple[str, str]) -> list[str]:
    return list(segment_names(segments))


def test_what_comes_before_changes_no_name() -> None:
    assert names(("", "One."), ("", "Two."))[1] == names(("", "New."), ("", "And more."), ("", "Two."))[2]


def test_the_same_words_have_a_name_each_time() -> None:
    assert len(set(names(("", "Yes."), ("", "Yes."), ("anna", "Yes."), ("", "Yes."), ("an", "naYes.")))) == 5


def test_of_the_same_words_each_keeps_its_name_when_others_come_between() -> None:
    first, second = names(("", "Yes."), ("", "Yes."))
    assert names(("", "Yes."), ("", "No."), ("", "Yes."))[::2] == [first, second]
