"""What the extensions hold on the desk of the tests of security."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plugdesk.forms.models import Form

if TYPE_CHECKING:
    from tests.security.world import World


def things_of_extensions(world: World, support: Form, billing: Form, ticket: Any, group: Any) -> dict[str, Any]:
    """What the values `{thing}` of the table of access stand for, of every extension but the FAQ and the portal."""
    found = _mail_and_rating(world, support, billing, ticket) | _bots(world, support, billing)
    found |= _rules(world, support, billing, group)
    found |= _contract(world, support) | _report_file(world, support) | _policies(world, support, billing)
    found |= _waiting_rules(world, support, billing)
    return found | _actions(world, support, billing) | _request_forms(world, support, billing)


def _mail_and_rating(world: World, support: Form, billing: Form, ticket: Any) -> dict[str, Any]:
    from plugdesk_csat.commands import invite
    from plugdesk_email.mailboxes import add_mailbox, read_account
    from plugdesk_email.models import Original, OriginalState

    session, runtime = world.session, world.runtime
    servers = {
        f"{kind}_{name}": value
        for kind in ("imap", "smtp")
        for name, value in (("host", "mail.example"), ("port", 993), ("security", "tls"))
    }
    boxes = [
        add_mailbox(
            runtime.context("email", form, session),
            read_account({"address": address, "password": "mailbox-secret", **servers}, by=world.people["admin"]),
            by=world.people["admin"],
        )
        for form, address in ((support, "help@desk.example"), (billing, "billing@desk.example"))
    ]
    kept = runtime.files.save(b"From: ann@home.example\r\n\r\nHello")
    letter = Original(
        form_id=support.id, mailbox_id=boxes[0].id, sha256=kept.sha256, size=kept.size, at=runtime.clock.now(), state=OriginalState.QUARANTINE,
        sender="ann@home.example", subject="Broken",
    )  # fmt: skip
    session.add(letter)
    _invitation, token = invite(runtime.context("csat", support, session), ticket, 1)
    session.flush()  # the letter's id
    return {"mailbox_id": boxes[0].id, "their_mailbox": boxes[1].id, "original_id": letter.id, "token": token}


def _bots(world: World, support: Form, billing: Form) -> dict[str, Any]:
    from plugdesk.channels.updates import Update, UpdateState
    from plugdesk_telegram.bots import BotInput, Known, add_bot
    from plugdesk_telegram.models import Mode

    session, runtime = world.session, world.runtime
    bots = []
    for number, form in ((71, support), (72, billing)):
        given = BotInput(f"{number}:AAE-the-token-of-a-bot-nobody-may-read", Mode.WEBHOOK, "http://127.0.0.1:9", own_network=True)
        known = Known(number, "Shop", f"shop{number}_bot")
        bots.append(add_bot(runtime.context("telegram", form, session), given, known, by=world.people["admin"]))
    update = Update(
        channel="telegram", form_id=support.id, account=bots[0].id, external_id="1", chat="5", raw="{}", at=runtime.clock.now(),
        state=UpdateState.ASIDE, tries=5, problem="Broken",
    )  # fmt: skip
    session.add(update)
    session.flush()  # the update's id
    return {"bot_id": bots[0].id, "their_bot": bots[1].id, "update_id": update.id, "webhook_key": bots[0].key}


def _rules(world: World, support: Form, billing: Form, group: Any) -> dict[str, Any]:
    from plugdesk_routing.commands import RuleInput, add_rule
    from plugdesk_routing.replay import start

    session, runtime, admin = world.session, world.runtime, world.people["admin"]
    rules, replays = [], []
    for form in (support, billing):
        ctx = runtime.context("routing", form, session)
        given = RuleInput("To the technicians", None, {"group_id": group.id})
        rules.append(add_rule(ctx, given, by=admin))
        session.flush()  # the rule, which is rehearsed
        replays.append(start(ctx, given, row=None, most=100, by=admin))
    return {
        "rule_id": rules[0].id, "their_rule": rules[1].id, "rule_version": rules[0].version, "rules": [str(rules[0].id)],
        "replay_id": replays[0].id, "their_replay": replays[1].id,
    }  # fmt: skip


def _policies(world: World, support: Form, billing: Form) -> dict[str, Any]:
    """A policy on each form, and a preview of an edited one."""
    from plugdesk_sla.commands import add_policy
    from plugdesk_sla.entering import PolicyInput
    from plugdesk_sla.runs import preview

    policies, previews = [], []
    for form in (support, billing):
        ctx = world.runtime.context("sla", form, world.session)
        given = PolicyInput("Usual", None, [{"sort": "first", "status": "", "amount": 2, "unit": "hours"}])
        policies.append(add_policy(ctx, given, by=world.people["admin"]))
        previews.append(preview(ctx, given, policy_id=None, version=None))
    return {
        "policy_id": policies[0].id, "their_policy": policies[1].id, "policy_version": policies[0].version, "policies": [str(policies[0].id)],
        "preview_id": previews[0].id, "their_preview": previews[1].id,
    }  # fmt: skip


def _waiting_rules(world: World, support: Form, billing: Form) -> dict[str, Any]:
    """The rules of both forms, as they usually are, and an automation on each with a rehearsal of it."""
    from plugdesk_automation.commands import begin
    from plugdesk_automation.own.commands import OwnInput, add_automation
    from plugdesk_automation.own.rehearsing import start
    from plugdesk_automation.rules import rule_set

    contexts = [world.runtime.context("automation", form, world.session) for form in (support, billing)]
    for ctx in contexts:
        begin(ctx, ctx.now)
    whole, admin = rule_set(contexts[0]), world.people["admin"]
    given = OwnInput(
        "Notes", {"kind": "event", "events": ["ticket_opened"]}, None, [{"kind": "note", "options": {"text": "Seen"}}]
    )
    own = [add_automation(ctx, given, by=admin) for ctx in contexts]
    rehearsals = [start(ctx, given, row=None, days=7, by=admin) for ctx in contexts]
    return {
        "rule_set_version": whole.version if whole else 0, "automation_id": own[0].id, "their_automation": own[1].id,
        "automation_version": own[0].version, "automations": [str(own[0].id)], "rehearsal_id": rehearsals[0].id,
        "their_rehearsal": rehearsals[1].id,
    }  # fmt: skip


def _actions(world: World, support: Form, billing: Form) -> dict[str, Any]:
    """Two actions on each form for agents, in every status, the accountant has one of them; and one for customers."""
    from plugdesk.users.rights import RightInput, set_right
    from plugdesk_workflow.commands import ActionInput, add_action
    from plugdesk_workflow.definition import Ask, AskKind, Definition, Who

    made = {}
    for form in (support, billing):
        ctx = world.runtime.context("workflow", form, world.session)
        everywhere = [each.code for each in form.statuses]
        asks = Definition(asks=(Ask(AskKind.TEXT),))
        for name in ("Payment received", "Refuse"):
            made[form.slug] = add_action(ctx, ActionInput(name, everywhere, definition=asks), by=world.people["admin"])
        customers = Definition(Who(agents=False, customer=True), asks=(Ask(AskKind.TEXT),))
        add_action(ctx, ActionInput("Confirm", everywhere, definition=customers), by=world.people["admin"])
    hers = RightInput(statuses=["waiting"], actions=["note", "workflow:payment_received"])
    set_right(world.session, support, world.people["accountant"], hers, by=None)
    return {
        "action_id": made["support"].id, "their_action": made["billing"].id, "action_version": made["support"].version,
        "actions": [str(made["support"].id)],
    }  # fmt: skip


def _request_forms(world: World, support: Form, billing: Form) -> dict[str, Any]:
    """A request form on each form, a page of Support's that may be sent, and a request that waits for its letter."""
    from plugdesk_webform.commands import RequestFormInput, add_request_form, usual_fields
    from plugdesk_webform.sending import Entered, Sent, wait_for_letter
    from plugdesk_webform.tokens import new_token, read_token
    from tests.plugins.webform.conftest import worked

    made, session = {}, world.session
    for form in (support, billing):
        ctx = world.runtime.context("webform", form, session)
        made[form.slug] = add_request_form(
            ctx, RequestFormInput("A question", fields=usual_fields(form)), by=world.people["admin"]
        )
    ctx, row = world.runtime.context("webform", support, session), made["support"]
    token, other = (new_token(ctx, row, host="desk.example", site="", page="") for _ in range(2))
    read = read_token(ctx, row, other, host="desk.example")
    assert read is not None
    entered = Entered(email="dora@home.example", subject="Hello", text="Is anybody there?")
    _waiting, link = wait_for_letter(ctx, row, Sent(read, entered, {}, connection="x", language="en"))
    return {
        "request_form_id": row.id, "their_request_form": made["billing"].id, "request_form_version": row.version, "link": link,
        "request_forms": [str(row.id)], "form_token": token, "form_work": worked(token),
    }  # fmt: skip


def _contract(world: World, support: Form) -> dict[str, Any]:
    """A contract that acts on Support, with Ann in one of its folders, and two imports into it, of which one is done."""
    from plugdesk_contracts.commands import ContractInput, TermsInput, add_contract, set_terms
    from plugdesk_contracts.importing import run_import, start_import
    from plugdesk_contracts.members import add_folder, add_member

    ctx, admin = world.runtime.context("contracts", support, world.session), world.people["admin"]
    contract = add_contract(ctx, ContractInput("Gold"), by=admin)
    set_terms(ctx, contract, support, TermsInput(), by=admin, version=0)
    folder = add_folder(ctx, contract, "Shops", by=admin)
    member = add_member(ctx, contract, world.people["customer"], folder=folder, by=admin)
    read, done = (
        start_import(ctx, "people.csv", b"Name,E-mail\nNew,%d@home.example\n" % number, contract=contract, folder=None, by=admin)
        for number in (1, 2)
    )
    run_import(ctx, done, by=admin)
    return {
        "import_id": read.id, "done_import": done.id,
        "contract_id": contract.id, "contract_version": contract.version, "contract_folder": folder.id, "member_id": member.id,
        "form_id": support.id,
    }  # fmt: skip


def _report_file(world: World, support: Form) -> dict[str, Any]:
    """A list of tickets that Ivan has had written into a file, and a report of his own, with its letters paused."""
    from plugdesk.rhythms import Every, Rhythm
    from plugdesk_reports.letter_commands import LetterInput, set_letter
    from plugdesk_reports.models import Export, FileState
    from plugdesk_reports.own_models import OwnReport

    ctx = world.runtime.context("reports", support, world.session)
    export = Export(
        by_id=world.people["agent"].id, name="Received", kind="csv", asked={"of": "received"}, state=FileState.READY, done=1, total=1,
        sha256=ctx.keep_bytes(b"Number,Subject"), language="en", created_at=ctx.now, whole=[support.id], part=[],
    )  # fmt: skip
    report = OwnReport(
        owner_id=world.people["agent"].id, name="Ivan's", asked={"metric": "received", "by": "time"}, changed_at=ctx.now
    )
    world.session.add_all([export, report])
    world.session.flush()
    letter = LetterInput(Rhythm(Every.WEEK, 9), [report.owner], is_on=False)
    set_letter(world.runtime.context("reports", support, world.session), report, letter, by=report.owner, version=0)
    return {"export": export.id, "kind": "csv", "own_report": report.id, "own_report_version": report.version}
