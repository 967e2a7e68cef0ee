import pytest

from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound, PlugdeskError


@pytest.mark.parametrize(("kind", "status"), [(NotFound, 404), (NotAllowed, 403), (Invalid, 422), (Conflict, 409)])
def test_each_refusal_has_its_http_status_and_its_sentence(kind, status):
    error = kind("Switch on E-mail first.")
    assert isinstance(error, PlugdeskError)
    assert (error.status, error.message, str(error)) == (status, "Switch on E-mail first.", "Switch on E-mail first.")


def test_invalid_says_what_is_wrong_with_each_field():
    error = Invalid(problems={"name": "Give the form a name.", "slug": "Use letters and digits."})
    assert error.problems == {"name": "Give the form a name.", "slug": "Use letters and digits."}
    assert str(error) == "Give the form a name. Use letters and digits."


def test_invalid_is_never_without_words():
    assert str(Invalid()) == "Please check what you have entered."


def test_a_refusal_in_words_says_each_thing_once_though_it_has_a_sentence_of_its_own():
    beside = {"name": "Fill it in.", "code": "Fill it in.", "date": "No such day."}
    assert Invalid("Look again.", problems=beside).in_words == "Fill it in. No such day."
    assert (Invalid("Look again.").in_words, Conflict("Too late.").in_words) == ("Look again.", "Too late.")
