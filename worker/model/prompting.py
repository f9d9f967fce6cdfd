"""What is said, and by whom, as a prompt. No torch: prompts are built, and refused, before any GPU time.

After `generate` and `generate_icl_prompt` of qwen-tts 0.1.1 (modeling_qwen3_tts.py). A prompt is three parts, one row a
position, text and codes added up:

    head   text   [user turn of the instructions]  im_start assistant \\n
           codes  none
    tags   text   tts_pad …                                              tts_pad     tts_bos
           codes  think think_bos language think_eos | nothink …         [speaker]   codec_pad
    body   whole  text   all text, tts_eos      tts_pad   tts_pad …
                  codes  codec_pad …            codec_bos reference's
           token  text   text token 0    1 2 3 …         (what is left follows the frames; tts_pad fills up)
                  codes  codec_bos       reference's

Without a reference's codes (everything but ICL) the body has none; with them the text begins with what the reference says.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from worker.model.config import FRAME_RATE_HZ, CheckpointConfig
from worker.model.errors import BadUtterance, CheckpointError
from worker.model.prompt import NONE, Ids, Prompt
from worker.model.reference import PreparedReference
from worker.model.text_tokens import TextTokens

Clone = Literal["none", "x_vector", "icl"]
Feed = Literal["whole", "token"]

ROLE_TOKENS = 2
"""A turn's role and its line end, after im_start. A line end that the text begins with is merged into the latter, as in
qwen-tts."""


@dataclass(frozen=True)
class Script:
    """One utterance in words. `language` is qwen-tts's name ("english") or "auto", `voice` a speaker of a CustomVoice checkpoint;
    case does not matter. `clone`: x_vector takes a reference's speaker embedding alone and no text; icl goes on from its
    sound, and needs `reference_text`, what it says."""

    text: str
    language: str = "auto"
    voice: str = ""
    instructions: str = ""
    clone: Clone = "none"
    reference_text: str = ""
    feed: Feed = "whole"


@dataclass(frozen=True)
class _Words:
    """A script's texts as text tokens, each [n]. `said` is what the reference says where the prompt goes on from it, then the
    text, then tts_eos. `instructions` are a whole turn; empty where there are none."""

    role: Ids
    said: Ids
    instructions: Ids


@dataclass(frozen=True)
class _Rows:
    text: Ids       # [n]
    codes: Ids      # [n, 16]


class Prompter:
    """Scripts to prompts, for one checkpoint. Any thread may use it."""

    def __init__(self, config: CheckpointConfig, tokens: TextTokens) -> None:
        """Raises CheckpointError where there are tokens that the talker has no row for: their words would not be spoken."""
        if tokens.highest_id >= config.text_vocab_size:
            raise CheckpointError(f"{tokens.vocabulary} has ids up to {tokens.highest_id}, config.json's text_vocab_size is "
                                  f"{config.text_vocab_size}. Are both files of one checkpoint? Fetch it whole.")
        self._config, self._tokens = config, tokens
        self.languages = tuple(sorted(config.spoken_languages))

    def check(self, script: Script) -> None:
        """Raises BadUtterance where this checkpoint can't speak the script. Looks at no reference: it costs no GPU time."""
        self._read(script)

    def count_positions(self, script: Script, n_reference_frames: int = 0) -> int:
        """How long `prompt` would be, with a reference of so many frames that nobody has encoded yet. Raises BadUtterance as
        `check` does."""
        words = self._read(script)
        n_before = len(self._head(words).text) + len(self._tags(script).text)
        n_sound = 1 + (n_reference_frames if script.clone == "icl" else 0)
        return n_before + n_sound + (len(words.said) if script.feed == "whole" else 0)

    def check_prepared(self, prepared: PreparedReference, clone: Clone) -> None:
        """Raises BadUtterance where this checkpoint cannot have encoded it: its numbers would be read beyond the tables."""
        codes, config = prepared.codes, self._config
        fits = prepared.speaker.shape == (config.talker.hidden_size,) and bool(np.isfinite(prepared.speaker).all())
        if codes is not None:
            fits = fits and codes.ndim == 2 and len(codes) > 0 and codes.shape[1] == config.n_codes
            fits = fits and bool((codes >= 0).all() and (codes < config.codec.codebook_size).all())
        if not fits or (clone == "icl" and codes is None):
            raise BadUtterance("reference was encoded by another checkpoint, or in part; it should come as sound again",
                               param="reference")

    def prompt(self, script: Script, reference: PreparedReference | None = None) -> Prompt:
        """Raises BadUtterance as `check` does. `reference` is what `script.clone` asks for: with codes for icl."""
        words = self._read(script)
        assert (reference is None) == (script.clone == "none"), "a clone has a reference, and nothing else has"
        codes = None
        if reference is not None and script.clone == "icl":
            codes = reference.codes
            assert codes is not None, "References.launch(with_codes=True) is for icl"
        head, tags = self._head(words), self._tags(script)
        body, trailing_ids = self._body(words.said, codes, script.feed)
        rows = (head, tags, body)
        return Prompt(
            text_ids=np.concatenate([part.text for part in rows]),      # [n_positions]
            code_ids=np.concatenate([part.codes for part in rows]),     # [n_positions, 16]
            trailing_ids=trailing_ids,
            speaker=None if reference is None else reference.speaker,
            # The last but one of the tags; the one after it is codec_pad with tts_bos.
            speaker_at=NONE if reference is None else len(head.text) + len(tags.text) - 2,
            reference_codes=codes,
        )

    def _head(self, words: _Words) -> _Rows:
        im_start = _ids(self._config.tokens.im_start)
        return self._rows(np.concatenate([words.instructions, im_start, words.role]), NONE)

    def _tags(self, script: Script) -> _Rows:
        special = self._config.tokens
        language = self._language(script)
        tags = ([special.codec_nothink, special.codec_think_bos, special.codec_think_eos] if language is None else
                [special.codec_think, special.codec_think_bos, language, special.codec_think_eos])
        if script.voice:
            tags.append(self._config.speakers[script.voice.lower()])
        elif script.clone != "none":
            tags.append(NONE)       # the speaker embedding is added here
        tags.append(special.codec_pad)
        text = np.full(len(tags), special.tts_pad, np.int32)
        text[-1] = special.tts_bos
        return self._rows(text, _ids(*tags))

    def _body(self, text: Ids, reference_codes: Ids | None, feed: Feed) -> tuple[_Rows, Ids]:
        """`text` [n] with its tts_eos. Returns the rows, and the text rows of the frames that follow."""
        special = self._config.tokens
        sound = self._rows(_ids(special.tts_pad), special.codec_bos)
        if reference_codes is not None:
            pads = np.full(len(reference_codes), special.tts_pad, np.int32)
            sound = _Rows(np.append(sound.text, pads), np.concatenate([sound.codes, reference_codes]))
        if feed == "whole":
            words = self._rows(text, special.codec_pad)
            return _Rows(np.append(words.text, sound.text), np.concatenate([words.codes, sound.codes])), text[:0]
        beside = text[:len(sound.text)]
        sound.text[:len(beside)] = beside
        return sound, text[len(beside):]

    def _rows(self, text: Ids, code_0: Ids | int) -> _Rows:
        codes = np.full((len(text), self._config.n_codes), NONE, np.int32)
        codes[:, 0] = code_0
        return _Rows(text, codes)

    def _read(self, script: Script) -> _Words:
        self._check_voice(script)
        self._check_instructions(script)
        self._check_clone(script)
        self._check_language(script)
        special = self._config.tokens
        role, text = self._turn("assistant", script.text, "text")
        if not script.text.strip() or not len(text):
            raise BadUtterance("text says nothing; it should have words to speak", param="text")
        said = [text, _ids(special.tts_eos)]
        if script.clone == "icl":
            said.insert(0, self._turn("assistant", script.reference_text, "reference_text")[1])
        instructions = [_ids()]
        if script.instructions.strip():
            turn = self._turn("user", script.instructions, "instructions")
            instructions = [_ids(special.im_start), *turn, _ids(special.im_end), self._tokens.ids("\n")]
        return _Words(role, np.concatenate(said), np.concatenate(instructions))

    def _turn(self, role: str, text: str, param: str) -> tuple[Ids, Ids]:
        """Role and text are tokenised together: a line end before the text may merge with it, in qwen-tts too."""
        try:
            ids = self._tokens.ids(f"{role}\n{text}")
        except UnicodeEncodeError as error:
            raise BadUtterance(f"{param} has half a surrogate pair at character {error.start - len(role) - 1}; "
                               "it should be valid Unicode", param=param) from error
        return ids[:ROLE_TOKENS], ids[ROLE_TOKENS:]

    def _language(self, script: Script) -> int | None:
        """The code-0 token of the language; None under auto. Some voices speak a dialect wherever Chinese may be meant."""
        language = script.language.lower()
        if language in ("auto", "chinese"):
            language = self._config.dialects.get(script.voice.lower(), language)
        return None if language == "auto" else self._config.languages[language]

    def _check_language(self, script: Script) -> None:
        if script.language.lower() not in ("auto", *self.languages):
            raise BadUtterance(f"language {script.language!r} is unknown here; it should be auto, {', '.join(self.languages)}",
                               param="language")

    def _check_voice(self, script: Script) -> None:
        voices = ", ".join(sorted(self._config.speakers))
        if self._config.kind == "custom_voice":
            if script.voice.lower() not in self._config.speakers:
                raise BadUtterance(f"voice {script.voice!r} is not one of this checkpoint's; it should be one of {voices}",
                                   param="voice")
        elif script.voice:
            instead = ("the instructions describe its voice" if self._config.kind == "voice_design"
                       else "the reference is its voice")
            raise BadUtterance(f"voice {script.voice!r}: this checkpoint has no voices of its own, {instead}; leave voice out",
                               param="voice")

    def _check_instructions(self, script: Script) -> None:
        given = bool(script.instructions.strip())
        if given and not self._config.takes_instructions:
            raise BadUtterance("instructions: this checkpoint was not trained on them, and would speak as if there were none; "
                               "leave them out, or use a 1.7B CustomVoice or VoiceDesign checkpoint", param="instructions")
        if not given and self._config.kind == "voice_design":
            # qwen-tts lets it pass, and a voice comes out at random: another one in every segment.
            raise BadUtterance("instructions are empty; a VoiceDesign checkpoint needs a description of the voice",
                               param="instructions")

    def _check_clone(self, script: Script) -> None:
        if self._config.kind == "base" and script.clone == "none":
            raise BadUtterance("reference is missing; a Base checkpoint speaks in the voice of a recording", param="reference")
        if self._config.kind != "base" and script.clone != "none":
            raise BadUtterance("reference: this checkpoint can't clone a voice; leave it out, or use a Base checkpoint",
                               param="reference")
        if script.clone == "icl" and not script.reference_text.strip():
            raise BadUtterance("reference_text is empty; to go on from the reference (icl) it should be what the reference says, "
                               "word for word", param="reference_text")
        if script.clone == "none" and script.reference_text:
            raise BadUtterance("reference_text is given without a reference; leave it out", param="reference_text")


def _ids(*ids: int) -> Ids:
    return np.asarray(ids, np.int32)


def frames_that_fit(n_positions: int, max_frames: int, slot_positions: int) -> int:
    """The cap of an utterance whose prompt takes `n_positions` of a slot: `max_frames`, or what is left of the slot where that is
    at least half of it. Caps are generous, most speech ends long before them; with less it might be cut off. Raises BadUtterance
    with the numbers."""
    if max_frames < 1:
        raise BadUtterance(f"max_frames is {max_frames}; it should be at least 1 ({1000 / FRAME_RATE_HZ:g} ms)",
                           param="max_frames")
    room = slot_positions - n_positions
    if 2 * room >= max_frames:
        return min(room, max_frames)
    numbers = (f"the prompt takes {n_positions} positions (text, instructions and reference) and max_frames {max_frames}, "
               f"of the {slot_positions} of a slot")
    if room > 0:
        raise BadUtterance(f"{numbers}; max_frames should be at most {room}, or the texts shorter", param="max_frames")
    raise BadUtterance(f"{numbers}; the text or the reference should be shorter", param="text")
