"""The shape of a word (what kind of letter stands where) and the words of one shape, numbered.

Two words have one shape when they have the same length and, place by place, letters of the same class: vowels,
consonants, digits, letters of one script. Accents and case belong to the place, not to the letter: they are put back on
whatever letter comes there, so that "Zoë" and "zoe" go the same way.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

VOWELS = "aeiou"
CONSONANTS = "bcdfghjklmnpqrstvwxyz"
DIGITS = "0123456789"
# Marks that all five vowels can carry as one character: grave, acute, circumflex, tilde, diaeresis.
_VOWEL_MARKS = ("\u0300", "\u0301", "\u0302", "\u0303", "\u0308")
# Characters common in names; a name made of them stays readable.
_HAN = (
    "一三上下中久之乃也井亜京仁介代伊佐佳信修健優光児八公六内典凛前加助勇匠千卓原口史吉名和哲哉啓善四団国土坂垣城堀夏大天太夫奈奥"
    "子孝安宏宗宮家容富寛小尚山岡岩島崎川工巴市希平幸広康弘彦彩後徳志忠恵悟愛慎慶成拓文斉新方日昌明星春昭晃智木末本村杉東松林果枝柴栄"
    "桂桃桜梅森植楓樹橋正武歩水永江池沙沢河治泉波津浅浜海涼淳清渡渚湯源滝潤澤熊片牧玲珠理瑞瑠由田町畑白皓直相真知石礼神福秀秋秦稲穂竜竹"
    "笠筒米純紀純紗結絵綾緒義翔翼聡肇胡良花若茂茜荒莉菅菊菜萌葉葵蒼蓮藍藤衣西角誠谷貞貴赤輔辰近遠那郎都里重野金鈴鉄長門陽雄雅雪雲青静音順須風飯飛馬高鳥鶴黒"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape: for each place the letters that can stand there.

    Args:
        alphabets: place by place, lower-case letters without accents where they are Latin.
        size: how many words have this shape.
        key: a text that is equal for equal shapes only.
    """

    alphabets: tuple[str, ...]
    size: int
    key: str

    def word(self, number: int, model: str) -> str:
        """Return the word of this number, with the case and the accents of the model."""
        letters = []
        for alphabet in reversed(self.alphabets):
            number, index = divmod(number, len(alphabet))
            letters.append(alphabet[index])
        return "".join(_dressed(letter, like) for letter, like in zip(reversed(letters), model, strict=True))


def shape_of(word: str) -> tuple[Shape, int]:
    """Return the shape of a word, and its number among the words of that shape, from 0."""
    alphabets = []
    number = 0
    size = 1
    for character in word:
        letter, alphabet = _letter(character)
        alphabets.append(alphabet)
        number = number * len(alphabet) + alphabet.index(letter)
        size *= len(alphabet)
    key = "".join(f"{alphabet[0]}{len(alphabet)}" for alphabet in alphabets)
    return Shape(tuple(alphabets), size, key), number


@lru_cache(maxsize=4096)
def _letter(character: str) -> tuple[str, str]:
    """Return the bare lower-case letter and the alphabet it is one of; a letter that must stay is alone in its own."""
    lower = _lower(character)
    base = lower
    parts = unicodedata.normalize("NFD", lower)
    if len(parts) == 2 and parts[0] in VOWELS and parts[1] in _VOWEL_MARKS:
        base = parts[0]
    for alphabet in (VOWELS, CONSONANTS, DIGITS):
        if base in alphabet:
            return base, alphabet
    return lower, _alphabet_of(lower)


def _lower(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 and lower.upper() == character.upper() else character


def _alphabet_of(letter: str) -> str:
    """Return the letters that can stand in for a letter of another script; of special Latin ones just itself."""
    code = ord(letter)
    if code < 0x370 or 0x1E00 <= code < 0x1F00 or unicodedata.category(letter) not in ("Ll", "Lo", "Nd"):
        return letter
    if 0x3400 <= code < 0xA000:
        return _HAN_UNIQUE if letter in _HAN_UNIQUE else letter
    if 0xAC00 <= code <= 0xD7A3:
        return _hangul(0xAC00 + (code - 0xAC00) // 28 * 28 == code)
    alphabet = _block(code // 64, unicodedata.category(letter), unicodedata.decomposition(letter) != "")
    return alphabet if letter in alphabet else letter


_HAN_UNIQUE = "".join(dict.fromkeys(_HAN))


@lru_cache(maxsize=2)
def _hangul(is_open: bool) -> str:
    """Return the syllables that end with a vowel, or those that end with one of the common consonants."""
    tails = (0,) if is_open else tuple(range(1, 28))
    return "".join(chr(0xAC00 + lead * 28 + tail) for lead in range(19 * 21) for tail in tails)


@lru_cache(maxsize=256)
def _block(block: int, category: str, is_marked: bool) -> str:
    """Return the letters of one category in 64 neighbouring code points, that have case if it is a cased script."""
    found = []
    for code in range(block * 64, block * 64 + 64):
        letter = chr(code)
        is_like = unicodedata.category(letter) == category and (unicodedata.decomposition(letter) != "") == is_marked
        if is_like and (category != "Ll" or len(letter.upper()) == 1):
            found.append(letter)
    return "".join(found)


def _dressed(letter: str, like: str) -> str:
    """Return a letter with the accent and the case of another."""
    marks = unicodedata.normalize("NFD", _lower(like))[1:]
    if marks and letter in VOWELS and marks in _VOWEL_MARKS:
        letter = unicodedata.normalize("NFC", letter + marks)
    if like != _lower(like):
        upper = letter.upper()
        return upper if len(upper) == 1 else letter
    return letter
