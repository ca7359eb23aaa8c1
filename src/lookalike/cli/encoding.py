"""What a terminal cannot show is printed in ASCII, instead of ending the program."""

import codecs
import io
import sys
import unicodedata

_HANDLER = "lookalike-ascii"
_INSTEAD = {
    "●": "*",
    "◐": "+",
    "○": "o",
    "·": "-",
    "×": "x",
    "…": "...",
    "–": "-",
    "—": "-",
    "−": "-",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "•": "*",
    "→": "->",
    "←": "<-",
    "±": "+-",
    "≤": "<=",
    "≥": ">=",
    "ß": "ss",
    "━": "-",
    "─": "-",
    "╸": "-",
    "╺": "-",
    "\xa0": " ",
}


def in_ascii(text: str) -> str:
    r"""The nearest that ASCII has; letters without their accents, and what has no likeness as its number.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> in_ascii("● café – \u4e2d \udce9")
    '* cafe - \\u4e2d \\xe9'
    """
    return "".join(map(_letter, text))


def _letter(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter in _INSTEAD:
        return _INSTEAD[letter]
    if "\udc80" <= letter <= "\udcff":
        # A byte of a file's name that is no UTF-8.
        return f"\\x{ord(letter) - 0xDC00:02x}"
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if part.isascii())
    return plain or letter.encode("ascii", "backslashreplace").decode()


def _instead(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return in_ascii(error.object[error.start : error.end]), error.end


def forgive_terminal() -> None:
    """Let standard output and standard error print whatever comes, in ASCII where their encoding has no letter."""
    codecs.register_error(_HANDLER, _instead)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)
