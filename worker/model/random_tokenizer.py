"""A small byte-level BPE vocabulary (Sennrich et al. 2016, arXiv:1508.07909; bytes as in GPT-2) in the files that a Qwen2
tokenizer is loaded from. No torch.

The single bytes, the roles of the chat template and every special token have Qwen's own ids; everyday English words are one
token or a few, and the rest of any text falls back to bytes. No text comes to the ids between; they are named all the same,
because the tokenizers package complains of every hole.
"""

import json
from pathlib import Path

FIRST_SPECIAL_ID = 151643
SPECIALS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>",
    "<|video_pad|>", "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
    "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>", "<|audio_start|>",
    "<|audio_end|>", "<tts_pad>", "<tts_text_bos>", "<tts_text_eod>", "<tts_text_bos_single>", "<|audio_pad|>",
)
ROLES = {"assistant": 77091, "user": 872}
FIRST_WORD_ID = 1000

EVERYDAY_WORDS = """
a about after again air all also always and another any are around as ask at away back be because been before begin below
between big book both boy bring brother but by call came can car change child children city close cold come could country
cut dark day did different do does done door down each early earth eat end enough even evening every eye face family far
father feel few find fire first follow food foot for found four from full gave get girl give go good great green ground had
half hand hard has have he head hear heard help her here high him his hold home horse hot hour house how if in inside into
is it its just keep kind king knew know land large last late laugh learn leave left let letter life light like line little
live long look lost made make man many mark me mean men might mile minute money moon more morning most mother mountain move
much music must my name near never new next night no north not nothing now of off often old on once one only open or other
our out over own page paper part pass people piece place plain plan play point put question quick quiet rain ran read ready
red rest right river road rock room round run said same saw say school sea second see seem set several she ship short should
show side simple since sing six sky sleep slow small snow so some song soon sound south speak stand star start state stay
step still stood stop story street strong such sun sure table take talk tell ten than that the their them then there these
they thing think this those though thought three through time to today together told too took top toward town tree true try
turn two under until up us use very voice wait walk wall want war warm was watch water way we week well went were what when
where which while white who why will wind winter with without woman wood word work world would write year yes yet you young
your
"""


def write_tokenizer(folder: Path) -> None:
    """vocab.json, merges.txt and tokenizer_config.json."""
    vocabulary = {character: byte for byte, character in enumerate(_byte_characters())}
    merges: dict[str, None] = {}
    for word in [*ROLES, *(start + word for word in EVERYDAY_WORDS.split() for start in ("", "Ġ"))]:
        _add_word(word, vocabulary, merges)
    taken = set(vocabulary.values())
    vocabulary |= {f"<unused {id_}>": id_ for id_ in range(FIRST_SPECIAL_ID) if id_ not in taken}
    specials = {FIRST_SPECIAL_ID + place: token for place, token in enumerate(SPECIALS)}
    _write_json(folder / "vocab.json", vocabulary)
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{merge}\n" for merge in merges), encoding="utf-8")
    _write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "Qwen2Tokenizer",
        "processor_class": "Qwen3TTSProcessor",
        "added_tokens_decoder": {str(id_): _special(token) for id_, token in specials.items()},
        "add_prefix_space": False,
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
        "errors": "replace",
        "model_max_length": 131072,
        "clean_up_tokenization_spaces": False,
        "split_special_tokens": False,
    })


def _byte_characters() -> list[str]:
    """Byte-level BPE writes every byte as a printable character, its own where it has one. Ids follow that order, printable
    ones first, as in GPT-2 and Qwen ("\\n" is 198)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    substitutes = range(0x100, 0x100 + 256 - len(printable))
    return [chr(code) for code in [*printable, *substitutes]]


def _add_word(word: str, vocabulary: dict[str, int], merges: dict[str, None]) -> None:
    """Letter by letter from the left, as merges know only pairs; each beginning of a word is a token of its own."""
    for end in range(2, len(word) + 1):
        merges[f"{word[:end - 1]} {word[end - 1]}"] = None
        vocabulary.setdefault(word[:end], ROLES.get(word[:end], FIRST_WORD_ID + len(vocabulary)))


def _special(token: str) -> dict[str, object]:
    return {"content": token, "special": True, "lstrip": False, "rstrip": False, "normalized": False, "single_word": False}


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
