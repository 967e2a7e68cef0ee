"""What stands in the controls of an answer's or an article's page, in words: yours beside what somebody else has saved meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from plugdesk.api import clean_template, text_of_html
from plugdesk.api import gettext as _
from plugdesk_faq import article_typed, editing
from plugdesk_faq.pictures import same_addresses, words_for_pictures
from plugdesk_web.api import Refused, chosen_words, yes_or_no

Offered = Mapping[str, Any]


class Written(Protocol):
    """The controls of a page on which a text is written."""

    @property
    def html(self) -> str: ...


def compared(
    said: Refused, words: Callable[[Any, Offered], dict[str, str]], yours: Written, theirs: Written, offered: Offered
) -> Refused:
    """The refusal with both as `words` tells them, by the labels of the page's controls; the texts by what differs within them."""
    mine, stored, text = words(yours, offered), words(theirs, offered), _("What it says")
    if mine[text] == stored[text] and _cleaned(yours.html) != _cleaned(theirs.html):
        stored[_("How it looks")] = _("Only how it looks was changed.")
    return said.compared(mine, stored, texts=(text,))


def answer_in_words(typed: editing.Typed, offered: Offered) -> dict[str, str]:
    """Each control of an answer's page with what stands in it; `offered` is what they let choose from."""
    return {
        _("Name"): typed.name, _("What it says"): readable(typed.html),
        _("Folder"): chosen_words(offered["folder_choices"], typed.folder) or _("Without a folder"),
        _("Language"): chosen_words(offered["languages"], typed.language) or _("Any"),
        _("Shared: every agent of its forms can use it"): yes_or_no(typed.shared), _("Forms"): _forms(typed, offered),
    }  # fmt: skip


def article_in_words(typed: article_typed.Typed, offered: Offered) -> dict[str, str]:
    """Each control of an article's page with what stands in it; `offered` is what they let choose from."""
    return {
        _("Title"): typed.title, _("What it says"): readable(typed.html), _("State"): chosen_words(offered["states"], typed.state),
        _("Who may read it"): chosen_words(offered["readers"], typed.visibility),
        _("Category"): chosen_words(offered["category_choices"], typed.category) or _("In no category"),
        _("Language"): chosen_words(offered["languages"], typed.language) or _("Any"), _("Address, after /help/"): typed.slug,
        _("A page of information: it stands in the header of the site and in no category"): yes_or_no(typed.is_page),
        _("Forms"): _forms(typed, offered),
    }  # fmt: skip


def category_in_words(names: Mapping[str, str], languages: Mapping[str, str]) -> dict[str, str]:
    """The names of a category by the labels of their controls."""
    return {_("Name (%(language)s)", language=name): names.get(code, "") for code, name in languages.items()}


def readable(html: str) -> str:
    """A text as it is compared: what a reader sees of it, links with their addresses, pictures by what stands for them."""
    return text_of_html(words_for_pictures(html), links=True)


def _forms(typed: editing.Typed | article_typed.Typed, offered: Offered) -> str:
    choices: Sequence[tuple[str, str]] = offered["form_choices"]
    here = [code for code, _name in choices if code in typed.forms]  # of other forms' being among them nothing is told
    return _("All forms that have it on") if typed.everywhere else chosen_words(choices, here)


def _cleaned(html: str) -> str:
    return clean_template(html, images=same_addresses(html))
