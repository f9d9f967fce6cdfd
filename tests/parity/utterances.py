"""What is spoken in the stored vectors: every mode, from one word to about sixty tokens, 4 to 40 frames. No torch."""

from dataclasses import dataclass
from typing import Literal

from worker.model.config import Kind

SIXTY_WORDS = (
    "The quick brown fox jumps over the lazy dog, and then the other people of this small town look out of the window and say "
    "that it was a good day. We left the house at night, went down the long way to the train station, and found that there "
    "was no train until the next day; so we came home again and put some water on for tea."
)
TWENTY_WORDS = "Hello, thank you for the good day. We would like to see you again next year at the same place."
GERMAN = "Guten Tag, und herzlich willkommen! Der nächste Zug fährt um sieben Uhr."
CHINESE = "今天天气很好，我们一起去公园吧。"
MIXED = "My iPhone can't find YouTube's page of 2005…\n\nOK?  😀 [really]"
REFERENCE_TEXT = "Please say this word again for the people."


@dataclass(frozen=True)
class Reference:
    """A sound of tests/parity/sounds.py. `text` "" clones by the speaker embedding alone."""

    seed: int
    n_samples: int
    text: str = ""


@dataclass(frozen=True)
class Utterance:
    """As worker.engine.speaker.Speak, greedy; `checkpoint` is a name of tests/parity/checkpoints.py.

    `ends` says that the end token, not `max_frames`, ends it. `dropped_instructions` were given to the original, which
    ignores them on a 0.6B checkpoint without a word.
    """

    name: str
    checkpoint: str
    text: str
    language: str
    max_frames: int
    voice: str = ""
    instructions: str = ""
    dropped_instructions: str = ""
    reference: Reference | None = None
    feed: Literal["whole", "token"] = "whole"
    repetition_penalty: float = 1.05
    ends: bool = False


KINDS: dict[str, Kind] = {"custom_voice": "custom_voice", "custom_voice_0b6": "custom_voice", "voice_design": "voice_design",
                          "base": "base"}

SHORT_REFERENCE = Reference(seed=1, n_samples=24_000, text="Thank you.")
LONG_REFERENCE = Reference(seed=2, n_samples=61_234, text=REFERENCE_TEXT)
X_VECTOR = Reference(seed=1, n_samples=24_000)
OTHER_X_VECTOR = Reference(seed=3, n_samples=80_001)
REFERENCES = {"short": SHORT_REFERENCE, "long": LONG_REFERENCE, "other": OTHER_X_VECTOR}

UTTERANCES = (
    Utterance("one-word", "custom_voice", "Hello", "english", 5, voice="vivian"),
    Utterance("twenty-words", "custom_voice", TWENTY_WORDS, "english", 20, voice="uncle_fu"),
    Utterance("sixty-words", "custom_voice", SIXTY_WORDS, "english", 40, voice="serena"),
    Utterance("auto", "custom_voice", TWENTY_WORDS, "auto", 12, voice="aiden"),
    Utterance("german", "custom_voice", GERMAN, "german", 17, voice="sohee"),
    Utterance("chinese", "custom_voice", CHINESE, "chinese", 14, voice="uncle_fu"),
    Utterance("sichuan-under-auto", "custom_voice", CHINESE, "auto", 11, voice="eric"),
    Utterance("sichuan-under-chinese", "custom_voice", CHINESE, "chinese", 9, voice="eric"),
    Utterance("beijing-under-auto", "custom_voice", CHINESE, "auto", 13, voice="dylan"),
    Utterance("beijing-under-chinese", "custom_voice", "你好，再见！", "chinese", 8, voice="dylan"),
    Utterance("no-dialect-in-english", "custom_voice", "How are you today?", "english", 8, voice="dylan"),
    Utterance("instructions", "custom_voice", TWENTY_WORDS, "english", 15, voice="vivian",
              instructions="Say it very low and slow, like the end of a long day."),
    Utterance("instructions-auto", "custom_voice", "你好，世界。", "auto", 6, voice="ono_anna", instructions="开心地说"),
    Utterance("token-feed", "custom_voice", TWENTY_WORDS, "english", 33, voice="ryan", feed="token"),
    Utterance("token-feed-cut-short", "custom_voice", SIXTY_WORDS, "english", 10, voice="serena", feed="token"),
    Utterance("token-feed-one-word", "custom_voice", "Hello", "auto", 16, voice="vivian", feed="token"),
    Utterance("token-feed-instructions", "custom_voice", GERMAN, "german", 18, voice="sohee", feed="token",
              instructions="Very good."),
    Utterance("no-penalty", "custom_voice", TWENTY_WORDS, "english", 22, voice="aiden", repetition_penalty=1.0),
    Utterance("mixed-characters", "custom_voice", MIXED, "english", 7, voice="ryan"),
    Utterance("hard-penalty", "custom_voice", TWENTY_WORDS, "english", 24, voice="aiden", repetition_penalty=1.5),

    Utterance("small-drops-instructions", "custom_voice_0b6", TWENTY_WORDS, "english", 10, voice="ryan",
              dropped_instructions="Very loud."),
    Utterance("small-token-feed", "custom_voice_0b6", CHINESE, "chinese", 19, voice="eric", feed="token"),

    Utterance("design", "voice_design", TWENTY_WORDS, "english", 25, instructions="A small old man with a good voice."),
    Utterance("design-auto", "voice_design", "Good night!", "auto", 30, instructions="低沉的男声", ends=True),
    Utterance("design-token-feed", "voice_design", SIXTY_WORDS, "english", 28, instructions="A young woman.", feed="token",
              ends=True),
    Utterance("design-long-instructions", "voice_design", "Welcome.", "french", 32, instructions=SIXTY_WORDS),

    Utterance("x-vector", "base", TWENTY_WORDS, "english", 16, reference=X_VECTOR),
    Utterance("x-vector-auto", "base", CHINESE, "auto", 9, reference=OTHER_X_VECTOR),
    Utterance("x-vector-token-feed", "base", GERMAN, "german", 21, reference=X_VECTOR, feed="token"),
    Utterance("icl", "base", TWENTY_WORDS, "english", 18, reference=LONG_REFERENCE),
    Utterance("icl-short-reference", "base", "Hello", "auto", 12, reference=SHORT_REFERENCE, repetition_penalty=1.3),
    Utterance("icl-token-feed-text-longer", "base", SIXTY_WORDS, "english", 26, reference=SHORT_REFERENCE, feed="token"),
    Utterance("icl-token-feed-text-as-long", "base", "Hello you", "auto", 6, reference=SHORT_REFERENCE, feed="token"),
    Utterance("icl-token-feed-text-shorter", "base", "Hello", "auto", 15, reference=LONG_REFERENCE, feed="token"),
)
