"""Voices for people."""

import sys
from collections.abc import Sequence

from speechmill.cli.show import show_table, when
from speechmill.cli.voice.api import VoiceView


def show_voices(voices: Sequence[VoiceView]) -> None:
    rows = [(voice["id"], voice["name"], voice["model"], ",".join(voice["languages"]) or "any", voice["status"])
            for voice in voices]
    show_table(("VOICE", "NAME", "MODEL", "LANGUAGES", "STATUS"), rows)


def show_voice(voice: VoiceView) -> None:
    """A line a field; what it does not have is left out."""
    recording = voice.get("recording") or {}
    fields = {
        "voice": voice["id"],
        "name": voice["name"],
        "description": voice["description"],
        "status": voice["status"],
        "waiting": (voice.get("waiting") or {}).get("detail"),
        "error": (voice.get("error") or {}).get("message"),
        "model": voice["model"],
        "languages": ", ".join(voice["languages"]) or "any",
        "aliases": ", ".join(voice["aliases"]),
        "made from": voice.get("source"),
        "created": when(voice.get("created_at")),
        "recording": f"{recording['duration_seconds']:.1f} s, {recording['speech_seconds']:.1f} s of it speech, "
                     f"{recording['level_dbfs']:.0f} dBFS" if recording else "",
        "says": voice.get("ref_text"),
        "consent": f"stated {when(voice['consent']['given_at'])}" if voice.get("consent") else "",
        "remarks": " ".join(remark["message"] for remark in voice.get("warnings", ())),
    }
    width = max(map(len, fields))
    for name, value in fields.items():
        if value:
            sys.stdout.write(f"{name:<{width}}  {value}\n")
