"""A text in two: where it is cut, and when it is not."""

import pytest

from tests.unit.audio.sentences import ALL
from worker.text.halves import Halves, halves
from worker.text.piece import Boundary


@pytest.mark.parametrize(("text", "expected"), [
    ("It rained all night long. In the morning the lake had come.",
     Halves("It rained all night long.", Boundary.SENTENCE, "In the morning the lake had come.")),
    ("The river rose in the night, and by the morning the fields were gone.",
     Halves("The river rose in the night,", Boundary.PHRASE, "and by the morning the fields were gone.")),
    ("The watchman held his lantern high above the old wooden gate",
     Halves("The watchman held his lantern", Boundary.PHRASE, "high above the old wooden gate")),
    ("The night of the flood\n\nIt rained. And it rained on and on, until the lake had come.",
     Halves("The night of the flood", Boundary.PARAGRAPH, "It rained. And it rained on and on, until the lake had come.")),
    ("从前有一座山，山上有一座庙，庙里有一个老和尚",
     Halves("从前有一座山，山上有一座庙，", Boundary.PHRASE, "庙里有一个老和尚")),
    ("すいしゃはいちにちじゅうとまっていた",
     Halves("すいしゃはいちにち", Boundary.PHRASE, "じゅうとまっていた")),
])
def test_a_text_is_cut_at_its_best_boundary_nearest_to_the_middle(text: str, expected: Halves) -> None:
    assert halves(text, "ja" if "す" in text else "zh" if "山" in text else "en") == expected


@pytest.mark.parametrize("text", [
    "", "Yes.", "The mill stood still.", "The mill stood still all day.", "从前有一座山，", "… … … … … … … …",
    "Donaudampfschifffahrtsgesellschaftskapitän", "One two three four … — … — … — …",
])
def test_a_text_without_two_parts_that_a_voice_speaks_well_stays_whole(text: str) -> None:
    assert halves(text, "en") is None


def test_a_cut_far_from_the_middle_is_none() -> None:
    cut = halves("It was so. The watchman held his lantern high above the old wooden gate of the town", "en")
    assert cut is not None
    assert cut.boundary is Boundary.PHRASE


def test_two_halves_say_all_that_the_text_says() -> None:
    cuts = [(text, cut) for language, text in ALL if (cut := halves(text, language))]
    assert len(cuts) > len(ALL) / 2
    for text, cut in cuts:
        assert "".join((cut.first + cut.second).split()) == "".join(text.split())
        assert min(len(cut.first), len(cut.second)) >= len(text) / 4 - 2
