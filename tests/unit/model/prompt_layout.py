"""Prompts in words, so that a test can say what stands where."""

from dataclasses import dataclass

from worker.model.config import CheckpointConfig
from worker.model.prompt import NONE, Prompt
from worker.model.text_tokens import TextTokens

TEXT_TOKENS = ("im_start", "im_end", "tts_pad", "tts_bos", "tts_eos")
CODE_TOKENS = ("codec_think", "codec_nothink", "codec_think_bos", "codec_think_eos", "codec_pad", "codec_bos")


@dataclass(frozen=True)
class Layout:
    """Ids by the names of special tokens, languages and voices; other ids as they are."""

    config: CheckpointConfig
    tokens: TextTokens

    def words(self, text: str) -> list[str | int]:
        return [self._text_name(id_) for id_ in self.tokens.ids(text).tolist()]

    def text(self, prompt: Prompt) -> list[str | int]:
        return [self._text_name(id_) for id_ in prompt.text_ids.tolist()]

    def trailing(self, prompt: Prompt) -> list[str | int]:
        return [self._text_name(id_) for id_ in prompt.trailing_ids.tolist()]

    def code_0(self, prompt: Prompt) -> list[str | int]:
        return [self._code_name(id_) for id_ in prompt.code_ids[:, 0].tolist()]

    def _text_name(self, id_: int) -> str | int:
        names: dict[int, str] = {getattr(self.config.tokens, name): name for name in TEXT_TOKENS}
        return names.get(id_, id_)

    def _code_name(self, id_: int) -> str | int:
        names: dict[int, str] = {NONE: "-"} | {getattr(self.config.tokens, name): name for name in CODE_TOKENS}
        names |= {token: name for name, token in (self.config.languages | self.config.speakers).items()}
        return names.get(id_, id_)
