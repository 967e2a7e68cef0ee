"""Each of the six states a plugin can end in, and that none of them takes the desk along."""

import pytest

from plugdesk.database import Base
from plugdesk.plugins.loader import PAGES, State, load_plugins
from plugdesk.plugins.registry import Registry


def states(packages, **options):
    return {plugin.id: plugin.state for plugin in load_plugins(packages.points, **options)}


def load_one(packages, name="one", **options):
    return next(plugin for plugin in load_plugins(packages.points, **options) if plugin.id == name)


def test_a_good_plugin_is_ok(packages):
    packages.add("one", "@hookimpl\ndef jobs():\n    return []\n")
    plugin = load_one(packages, strict=True)
    assert plugin.state is State.OK
    assert [module.__name__ for module in plugin.modules] == ["plugdesk_one.hooks"]


@pytest.mark.parametrize(
    ("keys", "state", "reason"),
    [
        ({"manifest": "nonsense"}, State.INVALID, "cannot be read"),
        ({"id": "other"}, State.INVALID, "the entry point “one”"),
        ({"api": ">=2.0,<3"}, State.INCOMPATIBLE, "this desk has 1.0"),
        ({"needs": ["no-such-package>=2"]}, State.BLOCKED, "pip install no-such-package>=2"),
        ({"requires": ["nothing"]}, State.BLOCKED, "“nothing”, which is not installed"),
        ({"code": "import nonsense_that_is_not_there"}, State.FAILED, "nonsense_that_is_not_there"),
        ({"code": "raise SystemExit(3)"}, State.FAILED, "SystemExit: 3"),
        ({"code": "def broken(:"}, State.FAILED, "SyntaxError"),
        ({"code": "@hookimpl\ndef tiket_opened(ctx): pass"}, State.FAILED, "tiket_opened"),
        ({"settings": "plugdesk_one.hooks:Missing"}, State.FAILED, "Missing"),
        ({"code": "class Bad(Exception):\n def __str__(self): raise ValueError\nraise Bad"}, State.FAILED, "Bad"),
    ],
)
def test_what_is_wrong_becomes_a_state_with_a_reason(packages, keys, state, reason):
    packages.add("one", **keys)
    packages.add("two")
    plugin = load_one(packages)
    assert (plugin.state, reason in str(plugin.reason)) == (state, True), plugin.reason
    assert load_one(packages, "two").state is State.OK


def test_a_package_that_is_not_there_has_failed(packages):
    point = packages.add("one")
    import shutil

    shutil.rmtree(packages.folder / point.value)
    assert "Install it again" in str(load_one(packages).reason)


def test_with_strict_the_error_itself_is_raised(packages):
    packages.add("one", "raise ZeroDivisionError")
    with pytest.raises(ZeroDivisionError):
        load_plugins(packages.points, strict=True)


def test_what_requires_a_plugin_that_failed_is_blocked_and_what_requires_that_too(packages):
    packages.add("one", "1 / 0")
    packages.add("two", requires=["one"])
    packages.add("three", requires=["two"])
    assert states(packages) == {"one": State.FAILED, "two": State.BLOCKED, "three": State.BLOCKED}


def test_what_requires_a_plugin_that_fails_at_the_start_of_the_desk_is_blocked(packages):
    packages.add("one", "@hookimpl\ndef jobs():\n    raise OSError('no')\n")
    packages.add("two", "@hookimpl\ndef jobs():\n    return []\n", requires=["one"])
    plugins = load_plugins(packages.points)
    registry = Registry(plugins)
    assert [plugin.state for plugin in plugins] == [State.FAILED, State.BLOCKED]
    assert registry.implementations("jobs", ["one", "two"]) == ()


def test_those_that_require_one_another_are_refused_and_their_followers_blocked(packages):
    packages.add("one", requires=["two"])
    packages.add("two", requires=["one"])
    packages.add("three", requires=["one"])
    packages.add("four")
    assert states(packages) == {"one": State.INVALID, "two": State.INVALID, "three": State.BLOCKED, "four": State.OK}


def test_an_order_that_goes_in_a_circle_is_not_heeded(packages):
    packages.add("one", after=["two"])
    packages.add("two", after=["one"])
    packages.add("three", after=["one"])
    assert set(states(packages).values()) == {State.OK}


def test_plugins_come_after_what_they_require_then_by_id(packages):
    packages.add("aaa", requires=["zzz"])
    packages.add("bbb", after=["ccc"])
    packages.add("ccc")
    packages.add("zzz")
    assert [plugin.id for plugin in load_plugins(packages.points)] == ["ccc", "bbb", "zzz", "aaa"]


def test_an_id_inside_the_prefix_of_another_is_refused(packages):
    packages.add("mail")
    packages.add("mail_rules")
    assert states(packages) == {"mail": State.OK, "mail_rules": State.INVALID}


def test_two_packages_with_one_id_are_refused(packages):
    packages.add("one")
    packages.points.append(packages.points[0])
    assert "Two installed packages" in str(load_one(packages).reason)


def test_safe_mode_imports_only_the_pages(packages):
    packages.add("one", "raise AssertionError('imported')")
    packages.add(PAGES)
    assert states(packages, safe_mode=True) == {"one": State.BLOCKED, PAGES: State.OK}


def test_a_disabled_plugin_is_not_imported_but_the_pages_cannot_be(packages):
    packages.add("one", "raise AssertionError('imported')")
    packages.add(PAGES)
    assert states(packages, disabled=["one", PAGES]) == {"one": State.BLOCKED, PAGES: State.OK}


MODEL = """
from plugdesk.database import Base, Key
from sqlalchemy.orm import Mapped, relationship

class Page(Base):
    __tablename__ = "one_page"
    id: Mapped[Key]
    author = relationship("NobodyOfThatName")
"""


def test_a_model_that_cannot_be_configured_does_not_stop_the_queries_of_others(packages, session):
    packages.add("one", MODEL)
    plugin = load_one(packages)
    from plugdesk.users.models import User

    assert plugin.state is State.FAILED
    assert "NobodyOfThatName" in str(plugin.reason)
    assert session.query(User).all() == []
    assert "one_page" not in Base.metadata.tables
