"""The one form in which names are stored, and the one in which they are compared."""

import unicodedata


def tidy_name(name: str) -> str:
    """Unicode NFKC without outer spaces: full-width "ＡＤＡ " and "ADA" are one name."""
    return unicodedata.normalize("NFKC", name).strip()


def fold_name(name: str) -> str:
    """Compare form: tidy, no letter case, runs of spaces as one."""
    return " ".join(tidy_name(unicodedata.normalize("NFKC", name).casefold()).split())
