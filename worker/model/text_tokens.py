"""Text to the talker's text tokens: the byte-level BPE of Qwen2, from a checkpoint's vocab.json and merges.txt. No torch.

Built from the two files as transformers builds it (Qwen2Converter), but without its special tokens: they are put around a
text by id (worker/model/prompting.py), never found in one. So "<|im_end|>" in a text is ten characters to be read out, and
no text can end its own turn or open another. For all other text the ids are those of qwen-tts, whose template it tokenises as
one string: special tokens cut that string before anything else does, and the pieces between them are what `ids` is given.

Text is cut by Qwen2's own pattern, as qwen-tts does when it loads by a hub name. When it loads a local folder with a
vocabulary above 100,000, its `fix_mistral_regex=True` makes transformers put Mistral's pattern there instead, unless
config.json's `transformers_version` is at most 4.57.2, or 5. The two differ in words with a capital inside ("iPhone", "YouTube").
"""

from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE

from worker.model.errors import CheckpointError
from worker.model.prompt import Ids

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"     # English contractions
    r"|[^\r\n\p{L}\p{N}]?\p{L}+"        # a word, with the blank or mark before it
    r"|\p{N}"                           # digits one by one
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*"       # punctuation, and the line ends after it
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen2's, from its published tokenizer (https://huggingface.co/Qwen/Qwen2-7B/blob/main/tokenizer.json)."""


class TextTokens:
    """The vocabulary of one checkpoint's folder. Any thread may use it."""

    def __init__(self, folder: Path) -> None:
        """Raises CheckpointError where a file is missing, broken, or not a vocabulary that qwen-tts's template fits."""
        vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
        for file in (vocabulary, merges):
            if not file.is_file():
                raise CheckpointError(f"{file} is missing: a checkpoint has vocab.json and merges.txt of its text tokenizer")
        self.vocabulary = vocabulary
        self._bpe = _byte_level_bpe(vocabulary, merges)
        for role in ("assistant", "user"):
            if len(self.ids(f"{role}\n")) != 2:
                # qwen-tts counts on it: it takes the first three tokens of a turn for its role.
                raise CheckpointError(f"{vocabulary}: {role!r} and a line end should be one token each, as in Qwen2's vocabulary")

    @property
    def highest_id(self) -> int:
        return max(self._bpe.get_vocab().values())

    def ids(self, text: str) -> Ids:
        """[n] int32: `text` in Unicode NFC, cut and merged. Raises UnicodeEncodeError at half a surrogate pair."""
        text.encode()   # says which character; the tokenizer's own error does not
        return np.asarray(self._bpe.encode(text, add_special_tokens=False).ids, np.int32)


def _byte_level_bpe(vocabulary: Path, merges: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer(BPE.from_file(str(vocabulary), str(merges)))
    except Exception as error:  # what the tokenizers library raises is no narrower
        raise CheckpointError(f"{vocabulary} and {merges} are no byte-level BPE: {error}; fetch both again") from error
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    return tokenizer
