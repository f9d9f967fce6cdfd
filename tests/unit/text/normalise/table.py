"""Tables of what is written and what is said of it: a line a case, `written => said`; # begins a heading."""

from pathlib import Path


def cases(language: str) -> list[tuple[str, str]]:
    lines = Path(__file__).with_name(f"{language}.txt").read_text("utf-8").splitlines()
    pairs = [line.split(" => ") for line in lines if line and not line.startswith("# ")]
    return [(written, said) for written, said in pairs]
