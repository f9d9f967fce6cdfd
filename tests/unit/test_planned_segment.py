"""A line of the plan, as it is written and read."""

from worker.inputs import PlannedSegment


def test_a_line_reads_back_as_it_was() -> None:
    segment = PlannedSegment(0, 12, "Hello, “Anna”.\n\n你好。", "paragraph", "anna", again=7)
    assert PlannedSegment.read(segment.line()) == segment
    assert segment.line().endswith(b"\n")
    assert segment.line().count(b"\n") == 1


def test_the_narrators_lines_are_what_they_were_before_there_were_speakers() -> None:
    line = b'{"start":0,"end":6,"text":"Hello.","boundary":"end"}\n'
    assert PlannedSegment(0, 6, "Hello.", "end").line() == line
    assert PlannedSegment.read(line) == PlannedSegment(0, 6, "Hello.", "end", speaker="")
