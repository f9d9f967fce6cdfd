"""What a voice says when somebody wants to hear it: a few seconds in each language."""

_SENTENCES = {
    "ar": "مساء الخير. هكذا يبدو صوتي عندما أقرأ بصوت عالٍ.",
    "de": "Guten Abend. So klinge ich, wenn ich vorlese: ruhig, deutlich und ohne Eile.",
    "en": "Good evening. This is what I sound like when I read aloud: calm, clear and in no hurry.",
    "es": "Buenas noches. Así sueno cuando leo en voz alta: con calma, con claridad y sin prisa.",
    "fr": "Bonsoir. Voici ma voix quand je lis à haute voix : calme, claire et sans hâte.",
    "hi": "शुभ संध्या। जब मैं ज़ोर से पढ़ता हूँ, तो मेरी आवाज़ ऐसी लगती है।",
    "it": "Buonasera. Questa è la mia voce quando leggo: calma, chiara e senza fretta.",
    "ja": "こんばんは。声に出して読むと、このように聞こえます。",
    "ko": "안녕하세요. 제가 소리 내어 읽으면 이렇게 들립니다.",
    "nl": "Goedenavond. Zo klink ik als ik voorlees: rustig, duidelijk en zonder haast.",
    "pl": "Dobry wieczór. Tak brzmię, kiedy czytam na głos: spokojnie, wyraźnie i bez pośpiechu.",
    "pt": "Boa noite. É assim que eu soo quando leio em voz alta: com calma, clareza e sem pressa.",
    "ru": "Добрый вечер. Вот так я звучу, когда читаю вслух: спокойно, ясно и не торопясь.",
    "tr": "İyi akşamlar. Yüksek sesle okurken sesim böyle: sakin, anlaşılır ve acelesiz.",
    "zh": "晚上好。这就是我朗读时的声音：平静、清晰、不慌不忙。",
}
FALLBACK = "en"


def sample_text(language: str) -> str:
    """For a tag like pt-BR; in English where there is none in that language, or it is "auto"."""
    return _SENTENCES.get(language.partition("-")[0].lower(), _SENTENCES[FALLBACK])


def sample_language(languages: tuple[str, ...]) -> str:
    """In which of these tags to say something: English where that is one of them."""
    english = (tag for tag in languages if tag.partition("-")[0].lower() == FALLBACK)
    return next(english, languages[0] if languages else "auto")
