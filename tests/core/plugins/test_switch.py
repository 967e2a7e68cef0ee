"""Switching on and off: what must be so first, what is written down, what is held meanwhile."""

from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from plugdesk.contributions import Change, JobKind
from plugdesk.errors import Invalid, NotAllowed, NotFound
from plugdesk.events import Event
from plugdesk.forms.models import Form, FormAgent
from plugdesk.jobs import Job, JobState, enqueue
from plugdesk.plugins.changes import what_will_change as lines_of
from plugdesk.plugins.loader import PAGES, State
from plugdesk.plugins.settings import option
from plugdesk.plugins.switch import (
    conflicts_of,
    dependents_of,
    disable_plugin,
    enable_plugin,
    requirements_of,
    save_plugin_settings,
)
from plugdesk.users.models import Role, User
from plugdesk.vault import Secret
from tests.core.plugins.conftest import build_form, build_plugin

pytestmark = pytest.mark.both_databases


@dataclass(frozen=True)
class Mail:
    server: str = option(label="Server")
    password: Secret = option(Secret, label="Password")


MAIL = f"{__name__}:Mail"


def jobs():
    return [JobKind("poll", lambda ctx: None)]


@pytest.fixture
def desk(build_runtime):
    runtime = build_runtime(
        build_plugin("plain", jobs),
        build_plugin("basis"),
        build_plugin("middle", requires=("basis",)),
        build_plugin("upper", requires=("middle",)),
        build_plugin("rival", conflicts=("plain",)),
        build_plugin("mail", settings=MAIL),
        build_plugin("app", scope="app"),
        build_plugin("needs_app", requires=("app",)),
        build_plugin(PAGES, scope="app"),
    )
    broken = build_plugin("broken")
    broken.fail(State.FAILED, "It fails when it is imported.")
    runtime.registry.plugins["broken"] = broken
    return runtime


@pytest.fixture
def session(desk, open_session):
    return open_session(desk)


@pytest.fixture
def form(session):
    return build_form(session)


@pytest.fixture
def admin(session, clock):
    user = User(role=Role.ADMIN, name="Ada", email="ada@example.org", created_at=clock.now())
    session.add(user)
    session.flush()
    return user


def journal(session, kind):
    return session.scalars(sa.select(Event).where(Event.kind == kind).order_by(Event.id)).all()


def test_it_is_on_at_once_and_stands_in_the_journal(session, form, admin):
    assert enable_plugin(session, form, "plain", admin) == ["plain"]
    event = journal(session, "extension_enabled")[0]
    session.expire_all()
    assert form.has("plain")
    assert (event.plugin, event.form_id, event.actor_id) == ("plain", form.id, admin.id)


def test_switching_on_what_is_on_does_nothing(session, form):
    enable_plugin(session, form, "plain", None)
    assert enable_plugin(session, form, "plain", None) == []
    assert len(journal(session, "extension_enabled")) == 1


def test_other_forms_have_none_of_it(session, form):
    other = build_form(session, "Sales")
    enable_plugin(session, form, "plain", None)
    assert not other.has("plain")


def test_what_it_requires_is_named_or_switched_on_along_in_order(session, form):
    with pytest.raises(Invalid, match="Upper needs Basis and Middle"):
        enable_plugin(session, form, "upper", None)
    assert enable_plugin(session, form, "upper", None, along=True) == ["basis", "middle", "upper"]
    assert form.extensions == ["basis", "middle", "upper"]


def test_what_requires_it_is_named_or_switched_off_along_in_order(session, form):
    enable_plugin(session, form, "upper", None, along=True)
    with pytest.raises(Invalid, match="Basis is needed by Upper and Middle"):
        disable_plugin(session, form, "basis", None)
    assert disable_plugin(session, form, "basis", None, along=True) == ["upper", "middle", "basis"]
    assert form.extensions == []


def test_requirements_are_known_in_both_directions(desk):
    assert requirements_of(desk.registry, "upper") == ["basis", "middle"]
    assert dependents_of(desk.registry, "basis") == ["upper", "middle"]
    assert conflicts_of(desk.registry, "plain") == ["rival"]


def test_a_conflict_is_explained_whichever_says_so(session, form):
    enable_plugin(session, form, "rival", None)
    with pytest.raises(Invalid, match="Plain does not go together with Rival"):
        enable_plugin(session, form, "plain", None)


def test_without_its_settings_it_cannot_be_switched_on_and_they_are_named(session, form):
    with pytest.raises(Invalid, match=r"It needs settings first: Server\.") as refused:
        enable_plugin(session, form, "mail", None)
    assert list(refused.value.problems) == ["server"]
    save_plugin_settings(session, form, "mail", {"server": "a"}, 0, None)
    assert enable_plugin(session, form, "mail", None) == ["mail"]


def test_settings_of_the_desk_are_enough_for_every_form(session, desk, form):
    save_plugin_settings(session, desk.desk(session), "mail", {"server": "a"}, 0, None)
    assert enable_plugin(session, form, "mail", None) == ["mail"]


def test_a_setting_that_something_needs_cannot_be_taken_away_at_either_level(session, desk, form):
    save_plugin_settings(session, desk.desk(session), "mail", {"server": "a"}, 0, None)
    enable_plugin(session, form, "mail", None)
    with pytest.raises(Invalid, match="It needs settings first"), session.begin_nested():
        save_plugin_settings(session, desk.desk(session), "mail", {}, 1, None)


def test_changed_settings_act_at_once_and_are_journalled_without_secrets(session, desk, form, admin):
    save_plugin_settings(session, form, "mail", {"server": "a", "password": Secret("x")}, 0, admin)
    assert desk.settings_of(session, "mail", form).password.reveal() == "x"
    save_plugin_settings(session, form, "mail", {"server": "b", "password": None}, 1, admin)
    assert desk.settings_of(session, "mail", form).server == "b"
    first, second = journal(session, "extension_settings_changed")
    assert first.data["changes"]["password"] == [None, "••••"]
    assert (second.data, second.actor_id) == ({"changes": {"server": ["a", "b"]}}, admin.id)


def test_saving_the_same_again_is_no_news(session, form):
    save_plugin_settings(session, form, "mail", {"server": "a"}, 0, None)
    assert save_plugin_settings(session, form, "mail", {"server": "a"}, 1, None) == {}
    assert len(journal(session, "extension_settings_changed")) == 1


def test_what_has_no_settings_takes_none(session, form):
    with pytest.raises(NotFound):
        save_plugin_settings(session, form, "plain", {}, 0, None)


@pytest.mark.parametrize(
    ("plugin", "why"),
    [("broken", "fails when it is imported"), ("nothing", "not installed"), ("app", "for the whole desk"), (PAGES, "always on")],
)
def test_what_cannot_be_on_a_form_is_refused_in_words(session, form, plugin, why):
    with pytest.raises(Invalid, match=why):
        enable_plugin(session, form, plugin, None)


def test_what_is_per_form_cannot_be_on_for_the_desk(session, desk):
    with pytest.raises(Invalid, match="per form"):
        enable_plugin(session, desk.desk(session), "plain", None)


def test_what_a_form_needs_of_the_desk_is_switched_on_there_by_admins_only(session, desk, form, clock):
    agent = User(role=Role.AGENT, name="Bo", email="bo@example.org", created_at=clock.now())
    session.add(agent)
    session.flush()
    session.add(FormAgent(form_id=form.id, user_id=agent.id, is_admin=True))
    session.flush()
    with pytest.raises(NotAllowed), session.begin_nested():
        enable_plugin(session, form, "needs_app", agent, along=True)
    enable_plugin(session, form, "needs_app", None, along=True)
    assert desk.desk(session).has("app")
    assert enable_plugin(session, form, "plain", agent) == ["plain"]
    with pytest.raises(Invalid, match="App is needed by Needs_app"):
        disable_plugin(session, desk.desk(session), "app", None)


@pytest.mark.parametrize("role", [Role.AGENT, Role.CUSTOMER])
def test_strangers_switch_nothing(session, form, clock, role):
    stranger = User(role=role, name="Eve", email="eve@example.org", created_at=clock.now())
    session.add(stranger)
    session.flush()
    for act in (enable_plugin, disable_plugin):
        with pytest.raises(NotAllowed):
            act(session, form, "plain", stranger)
    with pytest.raises(NotAllowed):
        save_plugin_settings(session, form, "mail", {"server": "a"}, 0, stranger)


def test_on_an_archived_form_nothing_is_switched_on(session, form, clock):
    form.archived_at = clock.now()
    with pytest.raises(Invalid, match="archived"):
        enable_plugin(session, form, "plain", None)


def test_its_jobs_are_held_while_it_is_off_and_go_on_afterwards(session, form):
    other = build_form(session, "Sales", on=("plain",))
    enable_plugin(session, form, "plain", None)
    enqueue(session, "plain:poll", form=form, key="a")
    enqueue(session, "plain:poll", form=other, key="a")
    disable_plugin(session, form, "plain", None)
    states = dict(session.execute(sa.select(Job.form_id, Job.state)).all())
    assert states == {form.id: JobState.HELD, other.id: JobState.READY}
    enable_plugin(session, form, "plain", None)
    assert set(session.scalars(sa.select(Job.state))) == {JobState.READY}
    assert journal(session, "extension_disabled")[0].data["jobs"] == 1


def test_a_plugin_whose_package_is_gone_can_be_switched_off(session):
    form = build_form(session, on=("gone",))
    assert disable_plugin(session, form, "gone", None) == ["gone"]
    assert form.extensions == []


def test_switching_off_forgets_a_suspension(session, form):
    enable_plugin(session, form, "plain", None)
    form.suspended = {"plain": {"since": "x", "until": "y", "reason": "z"}}
    disable_plugin(session, form, "plain", None)
    assert form.suspended == {}


def test_a_switch_does_not_take_the_words_from_an_admin_who_is_editing_the_form(session, form):
    before = form.version
    enable_plugin(session, form, "plain", None)
    session.flush()
    assert session.scalar(sa.select(Form.version).where(Form.id == form.id)) == before


def what_will_change(ctx, form, switching_on):
    return [Change(f"{form.name} is read: {switching_on}", "green")]


def test_what_will_change_is_said_by_the_plugin_and_the_desk(build_runtime, open_session):
    runtime = build_runtime(build_plugin("mail", what_will_change, jobs))
    session = open_session(runtime)
    form = build_form(session, on=("mail",))
    enqueue(session, "mail:poll", form=form, key="a")
    texts = [line.text for line in lines_of(session, form, "mail", switching_on=False)]
    assert texts == [
        "Support is read: False",
        "1 waiting job is held.",
        "Its data and settings are kept.",
        "Nothing changes on other forms.",
    ]


def test_a_plugin_that_fails_to_say_what_will_change_can_be_switched_all_the_same(build_runtime, open_session):
    def what_will_change(ctx, form, switching_on):
        raise OSError

    runtime = build_runtime(build_plugin("mail", what_will_change))
    session = open_session(runtime)
    form = build_form(session)
    assert [line.text for line in lines_of(session, form, "mail", switching_on=True)] == ["Nothing changes on other forms."]
