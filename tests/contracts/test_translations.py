"""Everything a person reads is in the Chinese catalogue; the compiled file is that catalogue."""

import ast
import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from support.console_texts import console_texts
from support.texts import more_texts, widget_texts

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "chatsite" / "locale" / "zh_Hans" / "LC_MESSAGES"
CODE = ("accounts", "chatsite", "llm", "sessions_app", "support")
HINT = "run `make messages` and translate what is empty"

# How a function takes its text: which arguments are the context, the text and the plural.
CALLS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), (None, 0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (None, 0, 1)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1, None)),
}
TAG = re.compile(r'\{%\s*translate\s+"([^"]*)"(?:\s+context\s+"([^"]*)")?')
BLOCK = re.compile(r"\{%\s*blocktranslate\b[^%]*%\}(.*?)\{%\s*endblocktranslate", re.DOTALL)
PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")

Key = tuple[str, str]


@dataclass(frozen=True)
class Entry:
    context: str
    text: str
    plural: str
    translated: str
    flags: str

    @property
    def key(self) -> Key:
        return self.context, self.text


def read_catalogue(path: Path) -> list[Entry]:
    """The entries of a .po file, without its header and what is no longer used."""
    entries = []
    for block in path.read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        values: dict[str, str] = {}
        name = ""
        for line in lines:
            if not line.startswith('"'):
                name, line = line.split(" ", 1)
            values[name] = values.get(name, "") + ast.literal_eval(line)
        if values.get("msgid"):
            flags = " ".join(line for line in block.splitlines() if line.startswith("#,"))
            entries.append(
                Entry(
                    context=values.get("msgctxt", ""),
                    text=values["msgid"],
                    plural=values.get("msgid_plural", ""),
                    translated=values.get("msgstr", values.get("msgstr[0]", "")),
                    flags=flags,
                )
            )
    return entries


ENTRIES = read_catalogue(FOLDER / "django.po")


def texts_of_python(path: Path) -> Iterator[Key]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        context_at, text_at, _plural_at = CALLS.get(node.func.id, (None, None, None))
        if text_at is None or len(node.args) <= text_at:
            continue
        text = node.args[text_at]
        context = node.args[context_at] if context_at is not None else ast.Constant("")
        assert isinstance(text, ast.Constant), f"{path}:{node.lineno}: no catalogue can hold this"
        assert isinstance(context, ast.Constant)
        yield str(context.value), str(text.value)


def texts_of_template(path: Path) -> Iterator[Key]:
    source = path.read_text()
    for text, context in TAG.findall(source):
        yield context, text
    for block in BLOCK.findall(source):
        singular = re.split(r"\{%\s*plural", block)[0]
        yield "", re.sub(r"\{\{\s*(\w+)\s*\}\}", r"%(\1)s", singular)


def places(text: str) -> list[str]:
    return sorted(PLACE.findall(text))


def test_nothing_is_empty_or_guessed():
    assert len(ENTRIES) > 600
    assert [entry.key for entry in ENTRIES if not entry.translated.strip()] == []
    assert [entry.key for entry in ENTRIES if "fuzzy" in entry.flags] == []


def test_places_to_fill_are_the_same_in_both_languages():
    wrong = [
        entry.key
        for entry in ENTRIES
        if places(entry.translated) != places(entry.plural or entry.text)
    ]
    assert wrong == []


def test_the_compiled_file_is_this_catalogue():
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in ENTRIES:
        if entry.plural:
            found = compiled.ngettext(entry.text, entry.plural, 2)
        elif entry.context:
            found = compiled.pgettext(entry.context, entry.text)
        else:
            found = compiled.gettext(entry.text)
        assert found == entry.translated, HINT
    plurals = sum(1 for entry in ENTRIES if entry.plural)
    assert plurals
    # Beside the entries, the header alone.
    assert len(compiled._catalog) == len(ENTRIES) + 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("app", [*CODE, "templates"])
def test_every_text_of_the_source_is_in_the_catalogue(app):
    known = {entry.key for entry in ENTRIES}
    folder = ROOT / app
    found = [key for path in folder.rglob("*.py") for key in texts_of_python(path)]
    found += [key for path in folder.rglob("*.html") for key in texts_of_template(path)]
    assert found
    assert set(found) - known == set(), HINT


@pytest.mark.parametrize("texts", [widget_texts, more_texts, console_texts])
def test_what_scripts_say_is_chinese(texts):
    with translation.override("en"):
        english = texts()
    with translation.override("zh-hans"):
        chinese = texts()
    assert english.keys() == chinese.keys()
    same = [key for key, text in chinese.items() if text == english[key]]
    assert same == []
    for key, text in chinese.items():
        forms = list(text.values()) if isinstance(text, dict) else [text]
        assert all(form.strip() for form in forms), key


def test_both_languages_are_offered():
    assert [code for code, _name in settings.LANGUAGES] == ["en", "zh-hans"]
    assert Path(settings.LOCALE_PATHS[0]) == FOLDER.parents[1]
