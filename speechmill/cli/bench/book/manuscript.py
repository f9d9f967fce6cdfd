"""A long book of no meaning: as many words as asked for, in chapters, paragraphs and sentences as long as those of prose."""

import random
from dataclasses import dataclass

_PROSE = """
the of and to in that was his it with as had her for at on she but not be this which him all from have they
one so were said what there by when would no out up into them then now some could time very little over before
upon house never morning again through looked against another children without evening nothing between
something window thought river garden mountain winter quiet letter answer journey stranger kitchen silver
shadow remember wonderful together
"""
_WORDS = _PROSE.split()
_SENTENCE_WORDS = (5, 24)
_PARAGRAPH_SENTENCES = (3, 8)


@dataclass(frozen=True)
class Manuscript:
    """`chapters`: a title and a text each."""

    chapters: tuple[tuple[str, str], ...]

    @property
    def markdown(self) -> str:
        told = "\n\n".join(f"# {title}\n\n{text}" for title, text in self.chapters)
        return f"---\ntitle: A long book\nauthor: nobody\nlanguage: en\n---\n\n{told}\n"

    @property
    def words(self) -> int:
        return len(self.markdown.split())


def write(words: int, chapters: int, seed: int = 1) -> Manuscript:
    """No sentence comes twice but by chance: nothing is found that was not spoken for it."""
    draw = random.Random(seed)  # noqa: S311  no secret
    return Manuscript(tuple((f"Chapter {n}", _text(words // chapters, draw)) for n in range(1, chapters + 1)))


def _text(words: int, draw: random.Random) -> str:
    paragraphs = []
    while words > 0:
        sentences = [_sentence(draw) for _ in range(draw.randint(*_PARAGRAPH_SENTENCES))]
        words -= sum(len(sentence.split()) for sentence in sentences)
        paragraphs.append(" ".join(sentences))
    return "\n\n".join(paragraphs)


def _sentence(draw: random.Random) -> str:
    words = draw.choices(_WORDS, k=draw.randint(*_SENTENCE_WORDS))
    middle = len(words) // 2
    if middle > 5:
        words[middle] += ","
    return " ".join(words).capitalize() + "."
