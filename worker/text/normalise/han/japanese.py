"""Japanese. Numbers become kanji, whose reading a voice knows from what stands behind them: 一人, 三本."""

from worker.text.normalise.edit import Rule
from worker.text.normalise.han.numbers import japanese
from worker.text.normalise.han.rules import rules_of
from worker.text.normalise.han.words import Words

_WORDS = Words(
    cardinal=japanese,
    year=lambda digits: japanese(int(digits)),
    zero="ゼロ", phone_one="一", phone_gap="の",
    hour=lambda n: f"{japanese(n)}時", minute="分", second="秒", first_minutes="",
    point="点", minus="マイナス", plus="プラス", positive="プラス", to="から", ratio="対", by="かける", parts_of="分の",
    mixed="と",
    percent="{}パーセント", per_mille="{}パーミル", serial="ナンバー{}",
    units={
        "km": "キロメートル", "m": "メートル", "cm": "センチメートル", "mm": "ミリメートル", "nm": "ナノメートル",
        "kg": "キログラム", "g": "グラム", "mg": "ミリグラム", "t": "トン", "L": "リットル", "l": "リットル",
        "ml": "ミリリットル", "mL": "ミリリットル", "dl": "デシリットル", "km²": "平方キロメートル", "m²": "平方メートル",
        "㎡": "平方メートル", "m³": "立方メートル", "㎞": "キロメートル", "㎝": "センチメートル", "㎜": "ミリメートル",
        "㎏": "キログラム", "ha": "ヘクタール", "km/h": "キロメートル毎時", "m/s": "メートル毎秒", "h": "時間", "min": "分",
        "s": "秒", "ms": "ミリ秒", "℃": "度", "°C": "度", "°": "度", "W": "ワット", "kW": "キロワット",
        "kWh": "キロワット時", "V": "ボルト", "Hz": "ヘルツ", "kHz": "キロヘルツ", "MHz": "メガヘルツ", "GHz": "ギガヘルツ",
        "dB": "デシベル", "KB": "キロバイト", "MB": "メガバイト", "GB": "ギガバイト", "TB": "テラバイト",
        "kcal": "キロカロリー", "px": "ピクセル",
    },
    currencies={
        "¥": "円", "￥": "円", "JPY": "円", "$": "ドル", "＄": "ドル", "US$": "ドル", "USD": "ドル", "€": "ユーロ",
        "EUR": "ユーロ", "£": "ポンド", "￡": "ポンド", "GBP": "ポンド", "₩": "ウォン", "CNY": "元", "RMB": "元",
        "₹": "ルピー",
    },
    signs={
        "&": "アンド", "%": "パーセント", "+": "足す", "=": "は", "÷": "割る",
    },
    in_addresses={
        ".": "ドット", "/": "スラッシュ", "@": "アットマーク", "-": "ハイフン", "_": "アンダーバー", ":": "コロン",
        "?": "クエスチョンマーク", "=": "イコール", "&": "アンド", "%": "パーセント", "#": "シャープ", "+": "プラス",
        "~": "チルダ",
    },
)


def rules() -> tuple[Rule, ...]:
    return rules_of(_WORDS)
