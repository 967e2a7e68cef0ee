"""Bytes of a letter as text, whatever the letter says about their charset."""

import binascii
import codecs
import functools
import re

from plugdesk.api import storable

# Names mail programs use for something else than what they send.
_ALIASES = {
    "ascii": "",
    "usascii": "",
    "unknown8bit": "",
    "default": "",
    "iso2022jp": "iso2022_jp_ext",
    "gb2312": "gb18030",
    "xgbk": "gb18030",
    "gbk": "gb18030",
    "isogb2312": "gb18030",
    "ksc5601": "cp949",
    "ksc56011987": "cp949",
    "euckr": "cp949",
    "xsjis": "cp932",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xeucjp": "euc_jp",
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "iso88598i": "iso8859_8",
    "iso88598e": "iso8859_8",
    "iso885911": "cp874",
    "xwindows1251": "cp1251",
    "windows1251": "cp1251",
    "ansi1251": "cp1251",
    "koi8": "koi8_r",
    "xmacroman": "mac_roman",
    "macintosh": "mac_roman",
    "xmaccyrillic": "mac_cyrillic",
    "unicode11utf7": "utf_7",
    "xunicode20utf8": "utf_8",
    "utf8mb4": "utf_8",
}
# Python's text codecs that are no charsets; idna and punycode take quadratic time.
_NOT_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "palmos"})
_GUESSES = ("cp1251", "koi8_r", "cp866", "iso8859_5", "cp1252")
_RUSSIAN = {letter: 1.0 - place / 16 for place, letter in enumerate("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё")}
_LATIN = frozenset("äöüßéèàçêâîôûùñóíáúãõåøæœëïìòýčšžćđłńśźżąęőűğışÄÖÜÉÈÀÇÅØÆÑ")
_SIGNS = frozenset("№«»—–…„“”’‘\xa0°€•·§©®")
_SAMPLE = 2000

_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,100}\?[bBqQ]\?)")


def decode_bytes(raw: bytes, charset: str = "") -> str:
    """The text of `raw`: by the declared charset, else UTF-8, else the likeliest guess. Never raises.

    The result holds neither NUL nor surrogates, so that every database takes it.
    """
    return without_nul(_decode(raw, charset))


def without_nul(text: str) -> str:
    """`text` as every database takes it; a NUL, which mail programs use to fill up, leaves nothing."""
    return storable(text.replace("\0", ""))


def decode_words(value: str) -> str:
    """A header's value with its encoded words (RFC 2047) read, also where they are broken or glued together."""
    if "=?" not in value:
        return value
    value = _BETWEEN_WORDS.sub(r"\1", value)
    text: list[str] = []
    end, pending, pending_charset = 0, b"", ""
    for match in _ENCODED_WORD.finditer(value):
        charset, raw = match[1], _word_bytes(match[2], match[3])
        # A character of several bytes may be split between two words; each is read with its neighbour.
        if pending and (match.start() != end or charset.lower() != pending_charset.lower()):
            text.append(decode_bytes(pending, pending_charset))
            pending = b""
        text.append(value[end : match.start()])
        pending, pending_charset, end = pending + raw, charset, match.end()
    if pending:
        text.append(decode_bytes(pending, pending_charset))
    return "".join([*text, value[end:]])


def decode_base64(raw: bytes) -> bytes:
    """As much of `raw` as decodes, in spite of foreign characters, missing padding or pieces put together."""
    try:
        if b"=" not in raw.rstrip()[:-2]:
            return binascii.a2b_base64(raw)
    except binascii.Error:
        pass
    return _decode_base64_pieces(raw)


def _decode_base64_pieces(raw: bytes) -> bytes:
    decoded = []
    for piece in re.split(rb"=[=\s]*", re.sub(rb"[^A-Za-z0-9+/=]+", b"", raw)):
        whole = piece[: len(piece) - 1] if len(piece) % 4 == 1 else piece
        decoded.append(binascii.a2b_base64(whole + b"=" * (-len(whole) % 4)))
    return b"".join(decoded)


def _word_bytes(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "surrogateescape")
    return decode_base64(raw) if encoding in "bB" else binascii.a2b_qp(raw, header=True)


def _decode(raw: bytes, charset: str) -> str:
    declared = _codec(charset)
    if declared in {"", "cp1252"} or (declared == "utf_8" and raw.isascii()):
        # These two labels are put on everything by programs that do not know better.
        for guess in ("ascii", "utf-8-sig"):
            try:
                return raw.decode(guess)
            except UnicodeDecodeError:
                pass
        return _best_guess(raw)
    try:
        return raw.decode("utf-8-sig" if declared == "utf_8" else declared)
    except UnicodeError:
        pass
    if declared == "utf_8" and _mostly_utf8(raw):
        return raw.decode("utf-8", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(declared, "replace") if declared != "utf_8" and _several_bytes(declared) else _best_guess(raw)


@functools.lru_cache(256)
def _codec(charset: str) -> str:
    """The name of Python's codec for a charset; empty where it means nothing."""
    name = re.sub(r"[^a-z0-9]", "", charset.lower())
    if not name or len(charset) > 40 or not re.fullmatch(r"[\w.:+ -]+", charset, re.ASCII):
        return ""
    if name in _ALIASES:
        return _ALIASES[name]
    try:
        found = codecs.lookup(charset.replace(" ", "-"))
    except (LookupError, ValueError):
        return ""
    codec = found.name.replace("-", "_")
    return codec if found._is_text_encoding and codec not in _NOT_CHARSETS else ""


def _several_bytes(codec: str) -> bool:
    return not re.match(r"(cp(125|8[567]|437|7)|iso8859|koi8|mac|latin|kz)", codec)


def _mostly_utf8(raw: bytes) -> bool:
    """Whether damaged UTF-8 is still that: one broken character does not make a letter Cyrillic of 1995."""
    text = raw.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(not character.isascii() for character in text[:100_000]) > 3 * broken


def _best_guess(raw: bytes) -> str:
    first = re.search(rb"[\x80-\xff]", raw)
    start = max(first.start() - 20, 0) if first else 0
    sample = raw[start : start + _SAMPLE]
    best = max(_GUESSES, key=lambda codec: _likeness(sample.decode(codec, "replace")))
    return raw.decode(best, "replace")


def _likeness(text: str) -> float:
    """How much `text` looks like Russian or a western language: only a wrong charset mixes cases and alphabets."""
    score, before = 0.0, " "
    for character in text:
        lower = character.lower()
        if character.isascii():
            if character.isalpha() and before.lower() in _RUSSIAN:
                score -= 1.5
        elif lower in _RUSSIAN:
            score += _RUSSIAN[lower] + (0.15 if character == lower else 0)
            if character != lower and before != before.upper():
                score -= 2
            elif before.isascii() and before.isalpha():
                score -= 1.5
        elif lower in _LATIN or character in _LATIN:
            score += 0.5 if before.isascii() and before.isalpha() else -0.3
        elif character not in _SIGNS:
            score -= 2
        before = character
    return score
