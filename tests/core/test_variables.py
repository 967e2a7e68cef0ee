import pytest
from markupsafe import Markup

from plugdesk.errors import Invalid
from plugdesk.i18n import use_language
from plugdesk.variables import Block, Variable, check_template, render_html, render_text, variables_in
from tests.support.patience import must_end

VALUES = {
    "ticket:number": "42",
    "ticket:subject": "Tom & <b>Jerry</b>",
    "ticket:url": "https://desk.example/42?a=1&b=2",
    "agent:name": "Anna",
    "agent:phone": "",
    "agent:signature": Markup("<b>Anna</b> &amp; Co"),
    "satisfaction:rating": Block("How was it? https://desk.example/r", Markup("<table><tr><td>5</td></tr></table>")),
    "evil:script": "javascript:alert(1)",
    "evil:attribute": '"><script>x</script>',
    "evil:lines": "a\nb",
}


def lookup(namespace, name):
    return VALUES.get(f"{namespace}:{name}")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("No variables", "No variables"),
        ("Ticket ${ticket:number}.", "Ticket 42."),
        ("${ticket:number}${ticket:number}", "4242"),
        ("Call ${agent:phone|the office}.", "Call the office."),
        ("Call ${agent:phone}.", "Call ."),
        ("Dear ${customer:name|customer}", "Dear customer"),
        ("From ${agent:signature}", "From Anna & Co"),
        ("One\n\nRate us: ${off:rating}\nplease\n\nTwo", "One\n\nTwo"),
        ("${off:rating}\n\nTwo", "Two"),
        ("One\n \n${off:rating}", "One"),
        ("${off:rating}", ""),
        ("One\n\n${agent:phone}\n\nTwo", "One\n\nTwo"),
        ("Bye.\n\n${satisfaction:rating}", "Bye.\n\nHow was it? https://desk.example/r"),
    ],
)
def test_a_text_is_filled_in(template, text):
    assert render_text(template, lookup) == text


@pytest.mark.parametrize(
    ("template", "html"),
    [
        ("<p>${ticket:subject}</p>", "<p>Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;</p>"),
        ("<p>${agent:signature}</p>", "<p><b>Anna</b> &amp; Co</p>"),
        ("<p>${evil:lines}</p>", "<p>a<br>\nb</p>"),
        ('<a href="${ticket:url}">${ticket:number}</a>', '<a href="https://desk.example/42?a=1&amp;b=2">42</a>'),
        ('<a href="${evil:script}">x</a>', '<a href="#">x</a>'),
        ('<a href="java${agent:phone}script:x">x</a>', '<a href="#">x</a>'),
        ('<a title="${evil:attribute}">x</a>', '<a title="&quot;&gt;&lt;script&gt;x&lt;/script&gt;">x</a>'),
        ('<a title="${agent:signature}">x</a>', '<a title="Anna &amp; Co">x</a>'),
        ("<p>One</p><p>Rate: <b>${off:rating}</b> now</p><p>Two</p>", "<p>One</p><p>Two</p>"),
        ("<div>One<div>${off:rating}</div>Two</div>", "<div>OneTwo</div>"),
        ("<div>One<p>Two</p>${off:rating}</div>", "<div>One<p>Two</p></div>"),
        ("<ul><li>One</li><li>${off:rating}</li></ul>", "<ul><li>One</li></ul>"),
        ("<blockquote><p>${off:rating}</p></blockquote>x", "x"),
        ('<p><a href="${off:url}">Rate</a></p>x', "x"),
        ("<table><tr><td>${off:rating}</td><td>x</td></tr></table>", "<table><tr><td></td><td>x</td></tr></table>"),
        ("One<br><br>${off:rating}<br><br>Two", "One<br><br>Two"),
        ("<p>One</p><p>${agent:phone}</p><p><b>${agent:phone}</b></p>", "<p>One</p><p><b></b></p>"),
        ("<p></p><p>${off:rating|–}</p>", "<p></p><p>–</p>"),
        ("<p>Bye</p><p> ${satisfaction:rating} </p>", "<p>Bye</p><table><tr><td>5</td></tr></table>"),
        ("<p>See: ${satisfaction:rating}</p>", "<p>See: <table><tr><td>5</td></tr></table></p>"),
        ("${ticket:number}", "42"),
    ],
)
def test_html_is_filled_in(template, html):
    assert render_html(template, lookup) == html


@pytest.mark.parametrize(
    "text",
    [
        "${7*7}",
        "{{7*7}}",
        "{{config}}",
        "{{''.__class__}}",
        "{% include '/etc/passwd' %}",
        "${ticket.__class__}",
        "${}",
        "$",
        "{% for i in range(1000000000) %}x{% endfor %}",
        "${ticket:number",
        "${Ticket:number}",
        "${ticket:num ber}",
        "#{7*7}",
        "<%= 7 %>",
    ],
)
def test_what_is_no_variable_stays_text(text):
    assert render_text(text, lookup) == text
    assert render_html(text, lookup) == text


def test_a_customers_text_is_never_evaluated():
    def quoted(namespace, name):
        return {"ticket:subject": "${agent:email} {{ticket.agent.email}} ${ticket:subject}"}.get(f"{namespace}:{name}", "SECRET")

    assert render_text("Re: ${ticket:subject}", quoted) == "Re: ${agent:email} {{ticket.agent.email}} ${ticket:subject}"
    assert "SECRET" not in render_html('<p title="${ticket:subject}">${ticket:subject}</p>', quoted)


def test_values_can_be_escaped_for_where_they_go():
    assert render_text("[${evil:lines}]", lookup, escape=lambda value: value.replace("\n", " ")) == "[a b]"


def test_each_value_is_asked_for_once():
    asked = []

    def ask(*key):
        asked.append(key)
        return "1"

    render_text("${a:b} ${a:b|x} ${a:b}", ask)
    assert asked == [("a", "b")]


def test_variables_are_listed_in_order():
    assert variables_in("${b:c|x} ${a:b.d-e_1} ${b:c|x} ${7*7}") == [Variable("b", "c", "x"), Variable("a", "b.d-e_1")]


def test_a_template_is_checked_with_a_suggestion():
    assert check_template("${ticket:number} ${agent:name|x}", VALUES) == []
    assert check_template("${ticket:nubmer} ${zebra:stripes} ${7*7} ${7*7} ${open", VALUES) == [
        "“${7*7}” is not a variable. A variable is written ${namespace:name}.",
        "“${open” is not a variable. A variable is written ${namespace:name}.",
        "There is no variable ${ticket:nubmer}. Did you mean ${ticket:number}?",
        "There is no variable ${zebra:stripes}.",
    ]
    with use_language("ru"):
        assert check_template("${zebra:stripes}", VALUES) == ["Переменной ${zebra:stripes} нет."]


def test_too_long_a_template_is_refused():
    for call in (render_text, render_html):
        with pytest.raises(Invalid, match="too long"):
            call("x" * 200_001, lookup)
    assert check_template("x" * 200_001, VALUES) == ["The text is too long: 200000 characters are allowed."]


def test_values_cannot_blow_a_text_up():
    for call in (render_text, render_html):
        with pytest.raises(Invalid, match="too long once"):
            call("${a:b}" * 1000, lambda namespace, name: "x" * 10_000)


@pytest.mark.parametrize(
    "template",
    [
        "${" * 90_000,
        "${a:" * 50_000,
        "<" * 190_000,
        "<a '" * 45_000,
        "<p>" * 60_000,
        "\n" * 190_000,
        "<br>" * 45_000,
        "<!--" * 45_000,
        "${a:b|" * 30_000,
        "</p>" * 45_000,
        "<p>${off:x}" * 15_000,
    ],
)
def test_strange_templates_come_to_an_end(template):
    with must_end():
        render_text(template, lookup)
        render_html(template, lookup)
        check_template(template, VALUES)
