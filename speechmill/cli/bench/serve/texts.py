"""What the load asks for: texts that take 5 to 20 s to speak.

People read fifteen characters a second. Random weights never end by themselves: what they speak lasts until the cap that the
text sets, a few times as long. So for them a text has fewer letters, in shorter words; its prompt is as long all the same.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

SHORTEST_S, LONGEST_S = 5.0, 20.0
STAGGERED_S = 0.3
"""The shortest of the first ones."""
_CHARACTERS_PER_S = 15
_CHARACTERS_PER_TOKEN = 4

# Where a voice that does not end is stopped (worker/takes/duration.py: longest_s).
CAP_REST_S = 4.0
CAP_LETTER_S = 0.15

# Words that are one token each, in Qwen's vocabulary and in that of random checkpoints.
_PROSE = ("it is cold out here and an old boy stood still by a river once more before he left to find his food and a good book "
          "in our room but not until every light below is out and all is red now and a moon in his own wood")
_WORDS = _PROSE.split()
_SHORT_WORDS = ("a", "it", "a", "is", "a", "by", "an", "a", "in", "a")


@dataclass(frozen=True)
class Lengths:
    """How long the texts take to speak, seconds: anything between the two is as likely."""

    shortest_s: float = SHORTEST_S
    longest_s: float = LONGEST_S


def texts(lengths: Lengths, *, ends: bool, n_staggered: int, seed: int) -> Iterator[str]:
    """Without end. The first `n_staggered` are of any length up to the longest, so that what begins together does not end
    together. `ends`: whether the voice ends by itself when it has said all."""
    draw = random.Random(seed)  # noqa: S311  no secret
    write = _read_aloud if ends else _capped
    n = 0
    while True:
        shortest_s = STAGGERED_S if n < n_staggered else lengths.shortest_s
        yield write(draw.uniform(shortest_s, lengths.longest_s), draw)
        n += 1


def _read_aloud(duration_s: float, draw: random.Random) -> str:
    """As many characters as people speak in that time."""
    n_characters = max(2, round(duration_s * _CHARACTERS_PER_S))
    text = draw.choice(_WORDS)
    while len(text) < n_characters - 1:
        text += " " + draw.choice(_WORDS)
    return text[:n_characters - 1].rstrip() + "."


def _capped(duration_s: float, draw: random.Random) -> str:
    """A text whose cap is `duration_s`, with as many tokens as one that people read aloud in that time; commas, which have no
    sound and no letters, stand where words would be too many."""
    n_letters = max(1, round((duration_s - CAP_REST_S) / CAP_LETTER_S))
    n_tokens = round(duration_s * _CHARACTERS_PER_S / _CHARACTERS_PER_TOKEN)
    words: list[str] = []
    while (n_left := n_letters - sum(map(len, words))) > 0:
        words.append(draw.choice(_SHORT_WORDS if n_left > 1 else ("a",))[:n_left])
    commas = [","] * max(0, n_tokens - len(words))
    return " ".join([*words, *commas])
