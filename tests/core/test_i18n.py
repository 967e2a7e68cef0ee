import os
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, render_template, render_template_string
from jinja2 import ChoiceLoader, FileSystemLoader

from plugdesk import catalogs, i18n
from plugdesk.catalogs import register_catalog
from plugdesk.i18n import (
    current_language,
    current_zone,
    format_date,
    format_datetime,
    format_duration,
    format_file_size,
    format_list,
    format_money,
    format_number,
    format_percent,
    format_relative_time,
    format_time,
    format_wait,
    gettext,
    lazy_gettext,
    ngettext,
    pgettext,
    use_language,
)
from plugdesk.templating import Application

EVENING = datetime(2026, 11, 21, 20, 11, tzinfo=UTC)
HEADER = """msgid ""
msgstr ""
"Language: ru\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

"""
PARROTS = (
    HEADER
    + """msgid "a parrot for %(name)s"
msgstr "попугай для %(name)s"

msgid "%(num)s parrot"
msgid_plural "%(num)s parrots"
msgstr[0] "%(num)s попугай"
msgstr[1] "%(num)s попугая"
msgstr[2] "%(num)s попугаев"

msgctxt "of a cage"
msgid "Open the parrot"
msgstr "Открыть"

#, fuzzy
msgid "a guessed parrot"
msgstr "угадано"

msgid "an untranslated parrot"
msgstr ""
"""
)


@pytest.fixture
def write_catalog(tmp_path):
    """Writes a package's Russian `.po`, registers it, and forgets it after the test."""
    before = list(catalogs._packages)
    catalogs._packages[:] = before[:1]  # the core alone, whatever other tests have loaded
    catalogs._merged.clear()

    def write(text=PARROTS, package="parrots"):
        folder = tmp_path / package / "translations" / "ru" / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "messages.po").write_text(text, encoding="utf-8")
        register_catalog(tmp_path / package)
        return folder

    yield write
    catalogs._packages[:] = before
    catalogs._merged.clear()


def test_without_a_choice_english_is_spoken_in_utc():
    assert (current_language(), str(current_zone())) == ("en", "UTC")


def test_a_language_is_spoken_inside_the_block_only(write_catalog):
    write_catalog()
    with use_language("ru"):
        assert gettext("a parrot for %(name)s", name="Анны") == "попугай для Анны"
        with use_language("en"):
            assert gettext("a parrot for %(name)s", name="Anna") == "a parrot for Anna"
        assert current_language() == "ru"
    assert current_language() == "en"


@pytest.mark.parametrize(("wanted", "spoken"), [("ru-RU", "ru"), ("RU_ru", "ru"), ("en-GB", "en"), ("tlh", "en"), ("", "en")])
def test_an_unknown_language_falls_back_to_english(wanted, spoken):
    with use_language(wanted):
        assert current_language() == spoken


def test_another_thread_is_not_affected():
    heard = []
    with use_language("ru"):
        thread = threading.Thread(target=lambda: heard.append(current_language()))
        thread.start()
        thread.join()
    assert heard == ["en"]


def test_russian_plurals_follow_the_count(write_catalog):
    write_catalog()
    with use_language("ru"):
        said = [ngettext("%(num)s parrot", "%(num)s parrots", n) for n in (0, 1, 2, 5, 11, 21, 22, 111)]
    assert said == [
        "0 попугаев",
        "1 попугай",
        "2 попугая",
        "5 попугаев",
        "11 попугаев",
        "21 попугай",
        "22 попугая",
        "111 попугаев",
    ]
    assert [ngettext("%(num)s parrot", "%(num)s parrots", n) for n in (1, 2)] == ["1 parrot", "2 parrots"]


def test_a_context_tells_two_meanings_apart(write_catalog):
    write_catalog()
    with use_language("ru"):
        assert pgettext("of a cage", "Open the parrot") == "Открыть"
        assert gettext("Open the parrot") == "Open the parrot"


def test_a_lazy_text_is_translated_when_it_is_shown(write_catalog):
    write_catalog()
    label = lazy_gettext("a parrot for %(name)s", name="X")
    assert str(label) == "a parrot for X"
    with use_language("ru"):
        assert str(label) == "попугай для X"


def test_fuzzy_and_empty_translations_are_not_shown(write_catalog):
    write_catalog()
    with use_language("ru"):
        assert gettext("a guessed parrot") == "a guessed parrot"
        assert gettext("an untranslated parrot") == "an untranslated parrot"


def test_a_package_cannot_reword_what_was_there_before(write_catalog):
    write_catalog()
    theirs = PARROTS.removeprefix(HEADER).replace("попуга", "чуж")
    write_catalog(HEADER + theirs + '\nmsgid "a cat"\nmsgstr "кот"\n', package="cats")
    with use_language("ru"):
        assert gettext("a parrot for %(name)s", name="X") == "попугай для X"
        assert ngettext("%(num)s parrot", "%(num)s parrots", 2) == "2 попугая"
        assert gettext("a cat") == "кот"


def test_a_package_speaks_its_own_words_and_else_those_of_whoever_came_first(write_catalog, tmp_path):
    write_catalog()
    write_catalog(HEADER + PARROTS.removeprefix(HEADER).replace("попуга", "чуж").replace("Открыть", "Отпереть"), package="cats")
    said = """
from plugdesk.i18n import gettext as _, lazy_gettext, lazy_pgettext, ngettext, pgettext
LAZY, IN_CONTEXT = lazy_gettext("a parrot for %(name)s", name="X"), lazy_pgettext("of a cage", "Open the parrot")
def say():
    parrots = ngettext("%(num)s parrot", "%(num)s parrots", 2)
    return [_("a parrot for %(name)s", name="X"), str(LAZY), str(IN_CONTEXT), parrots, pgettext("of a cage", "Open the parrot")]
"""
    cats: dict[str, Any] = {"__name__": "cats.words"}
    dogs: dict[str, Any] = {"__name__": "dogs"}
    exec(said, cats)
    exec(said, dogs)
    with use_language("ru"):
        assert cats["say"]() == ["чужй для X", "чужй для X", "Отпереть", "2 чужя", "Отпереть"]
        assert dogs["say"]() == ["попугай для X", "попугай для X", "Открыть", "2 попугая", "Открыть"]


def test_a_lazy_text_made_before_its_package_is_known_is_said_in_its_words(write_catalog):
    owls: dict[str, Any] = {"__name__": "owls.words"}
    exec(
        "from plugdesk.i18n import lazy_gettext, lazy_pgettext\n"
        'SAID = lazy_gettext("a parrot for %(name)s", name="X"), lazy_pgettext("of a cage", "Open the parrot")', owls,
    )  # fmt: skip
    write_catalog()
    write_catalog(HEADER + PARROTS.removeprefix(HEADER).replace("попуга", "чуж").replace("Открыть", "Отпереть"), package="owls")
    with use_language("ru"):
        assert [str(each) for each in owls["SAID"]] == ["чужй для X", "Отпереть"]


def test_a_template_speaks_the_words_of_its_package(write_catalog, tmp_path):
    write_catalog()
    write_catalog(HEADER + 'msgid "a parrot for %(name)s"\nmsgstr "кот для %(name)s"\n', package="cats")
    app = Application(__name__)
    i18n.install(app, language=lambda: "ru", zone=lambda: ZoneInfo("UTC"))
    for package in ("parrots", "cats"):
        (tmp_path / package / "templates").mkdir()
        (tmp_path / package / "templates" / f"{package}.html").write_text("{{ _('a parrot for %(name)s', name='X') }}")
    app.jinja_loader = ChoiceLoader([FileSystemLoader(tmp_path / name / "templates") for name in ("parrots", "cats")])
    with app.test_request_context():
        assert [render_template(f"{name}.html") for name in ("parrots", "cats")] == ["попугай для X", "кот для X"]


def test_a_broken_catalog_leaves_only_its_package_in_english(write_catalog, caplog):
    write_catalog(HEADER.replace("n%10==1", "n ==== 1 (") + PARROTS.removeprefix(HEADER), package="broken")
    write_catalog()
    with use_language("ru"):
        assert gettext("a parrot for %(name)s", name="X") == "попугай для X"
    assert "broken cannot be read" in caplog.text


def test_a_plural_with_a_form_missing_is_said_in_english_for_that_form(write_catalog):
    write_catalog(
        HEADER + 'msgid "%(num)s cat"\nmsgid_plural "%(num)s cats"\nmsgstr[0] "%(num)s кот"\nmsgstr[1] ""\nmsgstr[2] ""\n'
    )
    with use_language("ru"):
        assert [ngettext("%(num)s cat", "%(num)s cats", n) for n in (1, 5)] == ["1 кот", "5 cats"]


def test_a_compiled_catalog_is_used_unless_its_source_is_newer(write_catalog):
    folder = write_catalog()
    (folder / "messages.mo").write_bytes(catalogs.compile_catalog(folder / "messages.po", "ru"))
    (folder / "messages.po").write_text(HEADER + 'msgid "a cat"\nmsgstr "кот"\n', encoding="utf-8")
    os.utime(folder / "messages.po", (1, 1))
    with use_language("ru"):
        assert gettext("a cat") == "a cat"
        assert gettext("a parrot for %(name)s", name="X") == "попугай для X"
        assert ngettext("%(num)s parrot", "%(num)s parrots", 3) == "3 попугая"
        assert pgettext("of a cage", "Open the parrot") == "Открыть"
    os.utime(folder / "messages.mo", (0, 0))
    catalogs._merged.clear()
    with use_language("ru"):
        assert gettext("a cat") == "кот"


def test_scripts_get_the_words_they_use_and_no_others(write_catalog, tmp_path):
    write_catalog()
    scripts = tmp_path / "parrots" / "static" / "js"
    (scripts / "vendor").mkdir(parents=True)
    (scripts / "cage.js").write_text(
        'show(gettext("a parrot for %(name)s")); n(ngettext("%(num)s parrot", "%(num)s parrots", 2))'
    )
    (scripts / "vendor" / "theirs.js").write_text('gettext("a guessed parrot")')
    assert catalogs.script_messages("ru") == {
        "a parrot for %(name)s": "попугай для %(name)s",
        "%(num)s parrot": ("%(num)s попугай", "%(num)s попугая", "%(num)s попугаев"),
    }
    assert catalogs.script_messages("en") == {}


def test_a_request_speaks_the_language_its_app_chose(write_catalog):
    write_catalog()
    app = Flask(__name__)
    i18n.install(app, language=lambda: "ru", zone=lambda: ZoneInfo("Asia/Yekaterinburg"))
    with app.test_request_context():
        assert (current_language(), str(current_zone())) == ("ru", "Asia/Yekaterinburg")
        page = render_template_string('{{ _("a parrot for %(name)s", name="<b>") }} {{ moment|datetime }}', moment=EVENING)
        assert page.replace("\u202f", " ") == "попугай для &lt;b&gt; 22 нояб. 2026 г., 01:11"
        with use_language("en"):
            assert gettext("a parrot for %(name)s", name="X") == "a parrot for X"
            assert str(current_zone()) == "Asia/Yekaterinburg"
    assert current_language() == "en"


@pytest.mark.parametrize(
    ("call", "english", "russian"),
    [
        (lambda: format_date(EVENING), "Nov 21, 2026", "21 нояб. 2026 г."),
        (lambda: format_time(EVENING), "11:11 PM", "23:11"),
        (lambda: format_datetime(EVENING), "Nov 21, 2026, 11:11 PM", "21 нояб. 2026 г., 23:11"),
        (lambda: format_number(12345.5), "12,345.5", "12 345,5"),
        (lambda: format_number(1234.56, 1), "1,234.6", "1 234,6"),
        (lambda: format_percent(0.256), "26%", "26%"),
        (lambda: format_money(1234.5, "RUB"), "RUB1,234.50", "1 234,50 ₽"),
        (lambda: format_file_size(1), "1 byte", "1 байт"),
        (lambda: format_file_size(999_600), "1 MB", "1 МБ"),
        (lambda: format_file_size(1_500_000), "1.5 MB", "1,5 МБ"),
        (lambda: format_duration(12_000), "3 hr, 20 min", "3 ч 20 мин"),
        (lambda: format_duration(0), "0 sec", "0 с"),
        (lambda: format_duration(86_405), "1 day", "1 дн."),
        (lambda: format_list(["a", "b", "c"]), "a, b, and c", "a, b и c"),
        (lambda: format_wait(timedelta(seconds=1)), "in 1 minute", "через 1 минуту"),
        (lambda: format_wait(timedelta(minutes=60, seconds=1)), "in 61 minutes", "через 61 минуту"),
        (lambda: format_wait(timedelta(minutes=91)), "in 2 hours", "через 2 часа"),
        (lambda: format_wait(timedelta(minutes=1440)), "in 24 hours", "через 24 часа"),
        (lambda: format_wait(timedelta(hours=36)), "in 2 days", "через 2 дня"),
        (lambda: format_relative_time(EVENING - timedelta(hours=3), EVENING), "3 hours ago", "3 часа назад"),
        (lambda: format_relative_time(EVENING + timedelta(days=2), EVENING), "in 2 days", "через 2 дня"),
        (lambda: format_relative_time(EVENING, EVENING), "just now", "только что"),
    ],
)
def test_values_are_written_as_readers_of_each_language_do(call, english, russian):
    said = {}
    for language in ("en", "ru"):
        with use_language(language, "Europe/Moscow"):
            said[language] = call().replace("\xa0", " ").replace("\u202f", " ")
    assert said == {"en": english, "ru": russian}


def test_a_plural_in_a_template_may_hold_further_values():
    from jinja2 import Environment

    environment = Environment(autoescape=True)
    i18n.install_in_templates(environment)
    template = environment.from_string('{{ ngettext("%(num)s file of %(name)s", "%(num)s files of %(name)s", 2, name="<Ann>") }}')
    assert template.render() == "2 files of &lt;Ann&gt;"
