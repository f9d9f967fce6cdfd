"""Texts as people send them, in many languages: plain sentences, talk, numbers, names, lists, pauses, very short ones."""

SENTENCES: dict[str, tuple[str, ...]] = {
    "en": (
        "The mill stood still all day.",
        "It was a bright cold day, and the clocks in the village were striking thirteen.",
        "“Who goes there?” cried the watchman, holding his lantern high above the gate.",
        "In 1998 the company sold 1,204,500 units at $39.99 each, up 7.5% from the year before.",
        "Dr. Smith lives at 221B Baker St., London NW1 6XE; call him on +44 20 7946 0958.",
        "Yes.", "No!", "Hi", "Wait… what?", "Go on, then.",
        "Well... I don't know... perhaps we should... wait a little longer... before we leave.",
        "Chapter One\n\nThe river rose in the night, and by the morning the lower fields were gone.",
        "Buy milk; call Anna; fix the gate; feed the cat; and, above all, don't forget the keys.",
        "She sells sea shells by the sea shore, and the shells that she sells are sea shells, I'm sure.",
        "NASA and the ESA launched the JWST on an Ariane 5 from French Guiana.",
        "Visit https://www.example.com/news?id=42 or write to jane.doe@example.org for the details.",
        "There was nothing to be done about it now: the letter had been posted, the train had left, and the only person who "
        "could have explained any of it was asleep two hundred miles away, dreaming of other things.",
        "It rained. It rained all night. It rained on the roofs, on the roads, and on the old stone bridge; and in the "
        "morning, when the children ran out to look, the whole valley had turned into a lake.",
        "Strengths: rhythm, lengths, twelfths. Asthma isthmus.",
        "A — B — C — D — E.", "1 2 3 4 5 6 7 8 9 10", "Mmm.", "Ssh!", "Tick, tock. Tick, tock. Tick, tock.",
        "The quick brown fox jumps over the lazy dog, stops, thinks, and jumps right back.",
    ),
    "de": (
        "Die Mühle stand den ganzen Tag still.", "Ja.", "Nein, danke!", "Wie bitte?",
        "Die Donaudampfschifffahrtsgesellschaft wurde 1829 in Wien gegründet.",
        "„Kommst du mit?“, fragte sie leise, und er nickte, ohne von seinem Buch aufzusehen.",
        "Am 3. Oktober 2024 um 17:45 Uhr kostete das Ticket 12,50 €, heute sind es schon 14,90 €.",
        "Es war einmal ein Müller, der hatte drei Söhne, seine Mühle, einen Esel und einen Kater; die Söhne mussten mahlen, der "
        "Esel Getreide holen und Mehl forttragen, die Katze dagegen die Mäuse wegfangen.",
        "Ich … ich weiß nicht … vielleicht morgen … oder übermorgen.",
        "Rechtsschutzversicherungsgesellschaften bieten Kraftfahrzeughaftpflichtversicherungen an.",
        "Bitte wenden Sie sich an Frau Prof. Dr. Meier-Lüdenscheid, Zimmer 4.17, Tel. 0 30 / 12 34 56 78.",
    ),
    "es": (
        "El molino estuvo parado todo el día.", "Sí.", "¿Qué hora es?", "¡Cuidado con el perro!",
        "En un lugar de la Mancha, de cuyo nombre no quiero acordarme, no ha mucho tiempo que vivía un hidalgo.",
        "La reunión será el martes 14 de mayo a las 9:30 en la sala 3, segunda planta.",
        "Compró pan, queso, aceitunas, tomates, dos botellas de vino y una sandía enorme que apenas cabía en el coche.",
        "No sé… quizá… mañana te lo digo.",
        "El ferrocarril cruzaba la llanura sin prisa, y los viajeros, dormidos o cansados, miraban pasar los olivos como quien "
        "mira pasar los años.",
    ),
    "fr": (
        "Le moulin est resté immobile toute la journée.", "Oui.", "Ah bon ?", "Attention !",
        "Longtemps, je me suis couché de bonne heure, et mes yeux se fermaient si vite que je n'avais pas le temps d'y penser.",
        "Le 21 juin 1987, la température est montée à 38,5 °C dans quatre-vingt-dix-sept communes.",
        "Les oiseaux, les arbres, l'eau, tout semblait dormir... sauf le vieux chat gris.",
        "Qu'est-ce que c'est que ça ? demanda-t-il en posant sa valise dans l'entrée.",
    ),
    "it": (
        "Il mulino rimase fermo tutto il giorno.", "Sì.", "Come stai?", "Mamma mia, che freddo!",
        "Nel mezzo del cammin di nostra vita mi ritrovai per una selva oscura, ché la diritta via era smarrita.",
        "Il treno delle 7:42 per Bologna è in ritardo di 25 minuti.",
        "Prese il cappello, salutò tutti, uscì in strada e si mise a camminare senza sapere dove andare.",
    ),
    "pt": (
        "O moinho ficou parado o dia todo.", "Sim.", "Tudo bem?",
        "A casa era velha, mas o quintal, com as suas mangueiras e o seu poço, parecia-nos maior do que o mundo.",
        "Em 2023 foram vendidos 3,7 milhões de carros elétricos.", "Não sei... talvez... amanhã.",
    ),
    "ru": (
        "Мельница стояла весь день.", "Да.", "Который час?", "Осторожно!",
        "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.",
        "В 1812 году население города составляло 275 477 человек.",
        "Он взял шляпу, вышел на улицу и долго шёл вдоль реки, не думая ни о чём, пока не стемнело.",
        "Я… не знаю… может быть… завтра.",
        "Взбзднуть, всклокоченный, контрвзрыв: слова, в которых мало гласных.",
    ),
    "pl": (
        "Młyn stał przez cały dzień.", "Tak.", "Która godzina?",
        "W Szczebrzeszynie chrząszcz brzmi w trzcinie i Szczebrzeszyn z tego słynie.",
        "W 1410 roku pod Grunwaldem walczyło ponad 39 000 rycerzy.",
    ),
    "tr": (
        "Değirmen bütün gün durdu.", "Evet.", "Saat kaç?", "Çekoslovakyalılaştıramadıklarımızdan mısınız?",
        "İstanbul'da 16 milyondan fazla insan yaşıyor ve her sabah binlerce vapur Boğaz'ı geçiyor.",
    ),
    "el": ("Ο μύλος στάθηκε ακίνητος όλη μέρα.", "Ναι.", "Τι ώρα είναι;",
           "Το 1821 άρχισε η επανάσταση, και οι άνθρωποι των νησιών βγήκαν με τα καράβια τους στο πέλαγος."),
    "ar": (
        "توقفت الطاحونة عن الدوران طوال اليوم.", "نعم.", "كم الساعة الآن؟",
        "كان يا ما كان في قديم الزمان ملك له ثلاثة أبناء، وكان أصغرهم أكثرهم حكمة وأقلهم كلاما.",
        "في عام 1995 بلغ عدد سكان المدينة 350000 نسمة.",
    ),
    "hi": (
        "चक्की पूरे दिन बंद रही।", "हाँ।", "कितने बजे हैं?",
        "एक समय की बात है, एक गाँव में एक बूढ़ा किसान अपने तीन बेटों के साथ रहता था।", "भारत की जनसंख्या 2021 में लगभग 140 करोड़ थी।",
    ),
    "zh": (
        "磨坊一整天都没有转动。", "是的。", "现在几点了？", "小心！", "你好",
        "从前有一座山，山上有一座庙，庙里有一个老和尚，正在给小和尚讲故事。",
        "2024年北京的常住人口约为2183万人，比上年减少了2.6万人。",
        "“你去哪儿？”她轻声问道，他却没有回答，只是望着窗外……",
        "这家公司成立于一九九八年，主要生产汽车零部件，产品远销欧洲、美洲和东南亚等三十多个国家和地区，员工超过五千人。",
    ),
    "ja": (
        "すいしゃは いちにちじゅう とまっていた。", "はい。", "いま なんじ ですか？", "ありがとうございます。",
        "むかしむかし、あるところに、おじいさんと おばあさんが すんでいました。",
        "コンピューターのキーボードとディスプレイをテーブルにならべてください。",
    ),
    "ko": (
        "물레방아는 하루 종일 멈춰 있었다.", "네.", "지금 몇 시예요?",
        "옛날 옛적에 깊은 산속에 마음씨 착한 나무꾼이 늙은 어머니를 모시고 살고 있었습니다.",
        "2020년 서울의 인구는 약 967만 명이었다.",
    ),
}

PARAGRAPHS = tuple((language, " ".join(long[n:n + 3]))
                   for language, sentences in SENTENCES.items() if " " in sentences[0]
                   for long in (tuple(text for text in sentences if 40 < len(text) < 110),)
                   for n in range(0, len(long) - 2, 2))
"""Three sentences at a time, as a segment of a book has them."""

ALL: tuple[tuple[str, str], ...] = (
    *((language, text) for language, sentences in SENTENCES.items() for text in sentences), *PARAGRAPHS)
"""(language, text) of everything."""
