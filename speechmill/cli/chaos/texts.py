"""What the clients have spoken. Nearly every text is new, so that it is spoken and not found; a few come again."""

import random

from speechmill.cli.chaos.mortal_worker import POISON

_WORDS = ("river", "morning", "letter", "bridge", "winter", "garden", "window", "music", "harbour", "candle", "mountain", "paper",
          "silver", "journey", "shadow", "bread", "copper", "meadow", "signal", "thunder")
_OFTEN = "The same words again, as some clients say them."
_AGAIN = 0.05
FORMATS, WEIGHTS = ("flac", "wav", "mp3"), (6, 3, 1)


class Texts:
    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._n = 0

    def short(self) -> str:
        return _OFTEN if self._draw.random() < _AGAIN else self._sentence(self._draw.randint(3, 12))

    def long(self) -> str:
        """Two to five segments, in sentences."""
        n_characters, text = self._draw.randint(300, 900), ""
        while len(text) < n_characters:
            text += self._sentence(self._draw.randint(6, 20)) + " "
        return text

    def either(self) -> str:
        return self.short() if self._draw.random() < 0.5 else self.long()

    def poison(self) -> str:
        """Alone, or somewhere in a long text."""
        deadly = f"{POISON}, number {self._number()}."
        return deadly if self._draw.random() < 0.5 else f"{self.long()} {deadly} {self.long()}"

    def format(self) -> str:
        return self._draw.choices(FORMATS, WEIGHTS)[0]

    def _sentence(self, n_words: int) -> str:
        words = self._draw.choices(_WORDS, k=n_words)
        return f"{' '.join(words).capitalize()} {self._number()}."

    def _number(self) -> int:
        self._n += 1
        return self._n
