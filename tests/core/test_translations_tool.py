import pytest
from babel.messages.pofile import write_po

from plugdesk import catalogs
from tools import translations

PYTHON = """
from plugdesk.i18n import gettext as _, lazy_gettext, ngettext, pgettext
_("Hello %(name)s", name="x")
lazy_gettext("Later")
ngettext("%(num)s cat", "%(num)s cats", 2)
pgettext("button", "Open")
"""


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "plugdesk_cats"
    for place, text in {
        "__init__.py": PYTHON,
        "plugin.toml": 'name = "Cats"\nsummary = "All about cats."\nicon = "x"\n',
        "templates/cats.html": "<p>{{ _('In a template') }}{% trans n=3 %}one{% pluralize %}{{ n }} of them{% endtrans %}</p>",
        "static/js/cats.js": "show(gettext('In a script'))",
        "static/vendor/theirs.js": "gettext('Theirs')",
        "migrations/0001.py": "_('Not said')",
    }.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text)
    return folder


TRANSLATED = {
    "Hello %(name)s": "Привет, %(name)s", "Later": "Позже", "Open": "Открыть", "Cats": "Кошки", "All about cats.": "Всё о кошках.",
    "In a template": "В шаблоне", "In a script": "В скрипте",
}  # fmt: skip


def translate(package):
    path = translations.po_path(package, "ru")
    catalog = translations.read(path, "ru")
    for message in catalog:
        if message.pluralizable:
            message.string = tuple(f"{form} {message.id[1]}" for form in "абв")
        elif message.id:
            message.string = TRANSLATED[str(message.id)]
    with path.open("wb") as file:
        write_po(file, catalog)


def problems(package):
    return list(translations.problems(package, "ru"))


def test_every_text_of_a_package_is_found(package):
    found = {message.id for message in translations.extracted(package) if message.id}
    assert found == {*TRANSLATED, ("%(num)s cat", "%(num)s cats"), ("one", "%(n)s of them")}


def test_new_texts_wait_for_their_translation(package):
    assert problems(package) == ["the ru catalog is missing; run tools/translations.py"]
    assert translations.update(package, "ru") == 9
    assert len(problems(package)) == 9 and all(text.startswith("not translated: “") for text in problems(package))
    translate(package)
    assert problems(package) == []
    assert translations.update(package, "ru") == 0
    assert problems(package) == []


def test_a_catalog_is_written_the_same_way_by_everybody(package):
    translations.update(package, "ru")
    first = translations.po_path(package, "ru").read_text()
    translations.update(package, "ru")
    assert translations.po_path(package, "ru").read_text() == first
    assert "Date" not in first and "cats.py:3" not in first
    assert "Plural-Forms: nplurals=3; plural=" in first


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Привет, %(name)s", "Привет, %(nome)s", "its translation has other placeholders: “Hello %(name)s” (__init__.py)"),
        ("Привет, %(name)s", "Привет", "its translation has other placeholders: “Hello %(name)s” (__init__.py)"),
        ("Привет, %(name)s", "", "not translated: “Hello %(name)s” (__init__.py)"),
        ('msgstr[2] "в %(num)s cats"', 'msgstr[2] ""', "not translated: “%(num)s cat” (__init__.py)"),
        ('msgid "Later"', 'msgid "Sooner"', "no longer said: “Sooner” (__init__.py)"),
        ('msgid "Later"', '#, fuzzy\nmsgid "Later"', "unsure (fuzzy): “Later” (__init__.py)"),
        ("n%10==1 && n%100!=11", "n==1", "the plural forms in its header are not those of the language"),
    ],
)  # fmt: skip
def test_a_catalog_that_would_let_readers_down_is_noticed(package, old, new, problem):
    translations.update(package, "ru")
    translate(package)
    path = translations.po_path(package, "ru")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert problem in problems(package)


def test_a_text_said_anew_is_noticed(package):
    translations.update(package, "ru")
    translate(package)
    (package / "more.py").write_text('_("More")')
    assert problems(package) == ["not in the catalog: “More” (more.py)"]


def test_what_is_compiled_is_spoken(package):
    translations.update(package, "ru")
    translate(package)
    translations.compile_catalog(package, "ru")
    translations.po_path(package, "ru").unlink()
    catalog = catalogs.read_catalog(package, "ru")
    assert catalog is not None and catalog.gettext("Later") == "Позже"
