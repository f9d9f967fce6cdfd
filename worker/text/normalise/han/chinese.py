"""Chinese, in simplified characters: the voice reads both kinds alike."""

import re

from worker.text.normalise.edit import Rule
from worker.text.normalise.han.numbers import chinese, digit_by_digit
from worker.text.normalise.han.rules import rules_of
from worker.text.normalise.han.words import Words

_MEASURES = (
    "个|個|只|隻|条|條|本(?!月|日|年)|位|名|天|周(?!年)|週|件|块|塊|次|小时|小時|分钟|分鐘|秒钟|岁|歲|倍|种|種|家|人|张|張|把|辆|輛|台|部分|座|间|間|"
    "杯|瓶|碗|盒|包|双|雙|对|對|套|份|封|篇(?!章)|首|口|头|頭|匹|棵|朵|颗|顆|根|片|点(?!\\d)|點(?!\\d)|年(?!级|代)|米|公里|公斤|千克|元|块钱|"
    "万|萬|亿|億|千|里|升|吨|噸|斤|克|句|段|层楼|步|遍|趟|场|場|群|排|盘|枚|艘|架|国|國|者|半")

_WORDS = Words(
    cardinal=chinese,
    year=lambda digits: digit_by_digit(digits, "零"),
    zero="零", phone_one="幺", phone_gap="，",
    hour=lambda n: f"{'两' if n == 2 else chinese(n)}点", minute="分", second="秒", first_minutes="零",
    point="点", minus="负", plus="加", positive="正", to="到", ratio="比", by="乘", parts_of="分之", mixed="又",
    percent="百分之{}", per_mille="千分之{}", serial="第{}号",
    units={
        "km": "公里", "m": "米", "cm": "厘米", "mm": "毫米", "μm": "微米", "nm": "纳米", "kg": "公斤", "g": "克",
        "mg": "毫克", "t": "吨", "L": "升", "l": "升", "ml": "毫升", "mL": "毫升", "km²": "平方公里", "m²": "平方米",
        "㎡": "平方米", "m³": "立方米", "㎞": "公里", "㎝": "厘米", "㎜": "毫米", "㎏": "公斤", "ha": "公顷",
        "km/h": "公里每小时", "m/s": "米每秒", "h": "小时", "min": "分钟", "s": "秒", "ms": "毫秒", "℃": "摄氏度",
        "°C": "摄氏度", "℉": "华氏度", "°F": "华氏度", "°": "度", "W": "瓦", "kW": "千瓦", "MW": "兆瓦", "kWh": "千瓦时",
        "V": "伏", "Hz": "赫兹", "kHz": "千赫", "MHz": "兆赫", "GHz": "吉赫", "dB": "分贝", "mph": "英里每小时",
        "kcal": "千卡", "px": "像素", "mAh": "毫安时",
    },
    currencies={
        "¥": "元", "￥": "元", "RMB": "元", "CNY": "元", "$": "美元", "＄": "美元", "US$": "美元", "USD": "美元",
        "€": "欧元", "EUR": "欧元", "£": "英镑", "￡": "英镑", "GBP": "英镑", "HK$": "港元", "HKD": "港元", "NT$": "新台币",
        "JPY": "日元", "₩": "韩元", "₹": "卢比", "₽": "卢布",
    },
    signs={
        "&": "和", "%": "百分号", "+": "加", "=": "等于", "÷": "除以",
    },
    in_addresses={
        ".": "点", "/": "斜杠", "@": "艾特", "-": "杠", "_": "下划线", ":": "冒号", "?": "问号", "=": "等于", "&": "和",
        "%": "百分号", "#": "井号", "+": "加", "~": "波浪号",
    },
)


def rules() -> tuple[Rule, ...]:
    """Two of something is 两."""
    return rules_of(_WORDS, own=(
        Rule(re.compile(r"(?<![\d.．第:/-])[2２]([-–—~～])(?=\d{1,2}\s?(?:" + _MEASURES + "))"), lambda _: "两到"),
        Rule(re.compile(r"(?<![\d.．第:：/初十百~～–—-])[2２]\s?(?=" + _MEASURES + ")"), lambda _: "两"),
    ))
