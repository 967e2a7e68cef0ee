"""Every place where plugins join in.

Each docstring begins with the kind of the hook (Announcement, gathered or not, Contribution, or Decision: first, filter, follow, veto) and says
where, when and in which transaction it is called. Arguments are only ever added. An implementation names the arguments
it wants; `ctx` is always its own plugin's on the form at hand (see `plugdesk.plugins.context`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

if TYPE_CHECKING:
    from plugdesk.contributions import (
        Change,
        Channel,
        Command,
        CustomerActions,
        Fact,
        HealthLine,
        JobKind,
        ReportMetric,
        Service,
        Step,
        Timer,
        Variables,
    )
    from plugdesk.events import Event
    from plugdesk.forms.models import Form
    from plugdesk.helping import RequestFormLink, SuggestedAnswer
    from plugdesk.naming import Named, Place
    from plugdesk.plugins.context import Context
    from plugdesk.terms import Terms
    from plugdesk.tickets.correspondence import Said
    from plugdesk.tickets.models import Message, Ticket
    from plugdesk.tickets.settling import Occasion
    from plugdesk.users.models import User

PROJECT = "plugdesk"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Spec = TypeVar("Spec", bound=Callable[..., Any])


def _kind(kind: str, **options: Any) -> Callable[[Spec], Spec]:
    def mark(spec: Spec) -> Spec:
        spec.plugdesk_kind = kind  # type: ignore[attr-defined]
        spec.plugdesk_options = options  # type: ignore[attr-defined]
        return hookspec(spec)

    return mark


announcement = _kind("announcement")
gathered = _kind("gathered")
contribution = _kind("contribution")
asked = _kind("asked")
first = _kind("first")
filtering = _kind("filter")
following = _kind("follow")


def veto(*, fails: str) -> Callable[[Spec], Spec]:
    """A decision that refuses by raising `Veto`. `fails` says what a broken implementation means: "allow" or "deny"."""
    return _kind("veto", fails=fails)


# Contributions, asked once at start-up, outside any transaction. A plugin that fails in one is not loaded.


@contribution
def channels() -> Sequence[Channel]:
    """Contribution: the channels this plugin carries messages on.

    Example: `return [Channel("email", "E-mail", "mail", deliver=deliver, reaches=reaches)]`
    """
    raise NotImplementedError


@contribution
def jobs() -> Sequence[JobKind]:
    """Contribution: the kinds of stored work this plugin can run, enqueued by `ctx.enqueue(name, …)`.

    Example: `return [JobKind("poll", poll)]`
    """
    raise NotImplementedError


@contribution
def timers() -> Sequence[Timer]:
    """Contribution: recurring work.

    Example: `return [Timer("poll", timedelta(minutes=1), poll_mailboxes)]`
    """
    raise NotImplementedError


@contribution
def services() -> Sequence[Service]:
    """Contribution: what listens to the outside all the time, in one worker process of the desk.

    Example: `return [Service("idle", watch_mailboxes)]`
    """
    raise NotImplementedError


@contribution
def facts() -> Sequence[Fact]:
    """Contribution: typed values of tickets, for conditions, filters, columns and search words.

    Example: `return [Fact("rating", "Rating", "number", lambda ticket: …)]`
    """
    raise NotImplementedError


@contribution
def steps() -> Sequence[Step]:
    """Contribution: what actions and rules can have this plugin do to a ticket, where it is on.

    Example: `return [Step("ask", "Ask for a rating", ask_for_rating, AskOptions)]`
    """
    raise NotImplementedError


@contribution
def report_metrics() -> Sequence[ReportMetric]:
    """Contribution: figures that reports show beside their own, each with its tickets, on the forms where this plugin is on.

    Example: `return [ReportMetric("rating", "Average rating", rated_rows, "average")]`
    """
    raise NotImplementedError


@contribution
def customer_actions() -> Sequence[CustomerActions]:
    """Contribution: what customers can do themselves with their requests, where this plugin is on and another shows it to them.

    Example: `return [CustomerActions("actions", actions_offered, run_for_customer)]`
    """
    raise NotImplementedError


@contribution
def variables() -> Sequence[Variables]:
    """Contribution: names that templates may use as `${namespace:name}`.

    Example: `return [Variables("satisfaction", {"rating": "The invitation to rate"}, values)]`
    """
    raise NotImplementedError


@contribution
def commands() -> Sequence[Command]:
    """Contribution: command lines, as `plugdesk <plugin> <command>`.

    Example: `return [Command(parse)]`
    """
    raise NotImplementedError


@contribution
def pages() -> Sequence[Any]:
    """Contribution: what the pages gain, as the types of `plugdesk_web.api`: panels, columns, actions, pages.

    Example: `return [Panel("rating", "Rating", show_rating), PublicPages(blueprint)]`
    """
    raise NotImplementedError


# Asked when a page needs it, on a session that only reads.


@asked
def what_will_change(ctx: Context, form: Form, switching_on: bool) -> Sequence[Change]:
    """Contribution: what switching this extension on or off on `form` will change, in words. Asked by the catalog.

    Read-only, in a SAVEPOINT on PostgreSQL. Only the plugin concerned is asked.
    Example: `return [Change("Letters to help@example.org become tickets", "green")]`
    """
    raise NotImplementedError


@asked
def check_settings(ctx: Context, settings: Any) -> Sequence[str]:
    """Contribution: the *Test* button: try the unsaved `settings` for real; the sentences that say what works.

    Called outside any write transaction. Raise `Invalid` with what does not work and the remedy.
    Example: `return ["The server answers in 84 ms"]`
    """
    raise NotImplementedError


@asked
def make_example(ctx: Context, by: User) -> None:
    """Contribution: make something to look at on a form where the extension has just been switched on: a demo asks for it.

    In the transaction of who asks, in a SAVEPOINT: of what fails nothing is left. `by` is an administrator of the desk.
    Example: `add_process(ctx, "repair", by=by)`
    """
    raise NotImplementedError


@asked
def form_copied(ctx: Context, source: Form) -> None:
    """Contribution: take what this plugin keeps for `source` along to the form of `ctx`, which was made after it a moment ago.

    In the transaction that makes the copy, in a SAVEPOINT: of what fails nothing is left. The extension is on at both, and fields,
    statuses and rights are the same already. Secrets, what there can be only once (a mailbox, a bot), and what came of tickets stay.
    Example: `copy_rows(ctx, Rule, source)`
    """
    raise NotImplementedError


@asked
def health(ctx: Context) -> Sequence[HealthLine]:
    """Contribution: what the System page should know of this plugin on this form. Read-only.

    Example: `return [HealthLine("help@example.org", "polled a minute ago")]`
    """
    raise NotImplementedError


@asked
def places_naming(ctx: Context, named: Named) -> Sequence[Place]:
    """Contribution: where this plugin names an agent, a group, a field, a status, a tag or business hours on this form. Read-only.

    Asked before one of them is switched off or deleted, by the page on which that is done. What stays named afterwards must do
    no harm: it is passed over, and `health` says so.
    Example: `return [Place(rule.name, url) for rule in rules_of(ctx) if named.is_group(rule.group_id)]`
    """
    raise NotImplementedError


@asked
def request_form_links(ctx: Context, subject: str, language: str = "") -> Sequence[RequestFormLink]:
    """Contribution: the public pages of this plugin on which anybody can ask something of this form. Read-only.

    Asked by pages for visitors that lead on to a person; whoever follows the link finds `subject` filled in. `language` is that
    of the page one comes from, or empty.
    Example: `return [RequestFormLink("A repair", f"/p/{ctx.form.slug}/repairs/?subject={quote(subject)}")]`
    """
    raise NotImplementedError


@asked
def suggest_answers(ctx: Context, words: str, language: str = "") -> Sequence[SuggestedAnswer]:
    """Contribution: answers for everybody's eyes to what somebody is typing as a subject, the best first. Read-only.

    Asked by public pages with every few letters, so it must be quick, and may tell nothing that is not public.
    Example: `return [SuggestedAnswer(page.title, page.url, page.summary) for page in pages_about(ctx, words)]`
    """
    raise NotImplementedError


# Decisions, inside the transaction that changes the ticket, each in a SAVEPOINT, with a second to answer.


@filtering
def settle_ticket(
    ctx: Context, ticket: Ticket, settled: Mapping[str, Any], occasion: Occasion = "changed"
) -> Mapping[str, Any] | None:
    """Decision (filter): what a new or changed ticket *is*. Called in the transaction that opens or changes it.

    `settled` holds `values`, `assignee_id`, `group_id`, `rank`, `form_id`; return a changed copy, or None to leave it. Plugins
    are asked in the order of `requires` and `after`. If one fails its part stays empty and a job asks it again. `occasion` is
    "opened" (the first message is there), "changed", "moved" or "again". With another `form_id` the ticket goes to that form,
    whose plugins are asked in turn; it is moved so once in its life. `form_fields` beside it says for codes of fields here into
    which of that form's their values go, "" for none; what it does not name goes into the field of equal code and kind.
    Example: `return {**settled, "group_id": 7}`
    """
    raise NotImplementedError


@following
def follow_ticket(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Decision (follow): something happened to the ticket that cannot wait until after the commit. In the transaction that does it.

    `event.kind` is message_received, reply_written, reply_withdrawn, status_changed, ticket_deleted, ticket_restored, merged_away,
    unmerged or split_off; what the ticket is (values, form) `settle_ticket` is told. If a plugin fails, the change stands and a job has the
    ticket settled again. For what must be true with the change itself; all else listens to announcements.
    Example: `if event.kind == "reply_written": stop_clock(ctx, ticket, event.at)`
    """
    raise NotImplementedError


@first
def terms_of_tickets(
    ctx: Context, tickets: Sequence[Ticket], values: Mapping[int, Mapping[str, Any]]
) -> Mapping[int, Terms] | None:
    """Decision (first): on which terms the customers of these tickets, all of this form, are helped; those without are left out.

    Called in the transaction that settles a ticket, or by a page or job that asks about many, see `plugdesk.api.terms_of`. `values`
    are those of the tickets' fields by id, where they are not stored yet.
    Example: `return {ticket.id: Terms("Gold", hours) for ticket in tickets if is_gold(ctx, ticket)}`
    """
    raise NotImplementedError


@first
def channel_for(ctx: Context, ticket: Ticket, customer: User) -> str | None:
    """Decision (first): the channel a ticket that an agent opened answers on. Called in the transaction that opens it.

    The first name that is not None is taken; if a plugin fails the next one is asked.
    Example: `return "email" if customer.address("email") else None`
    """
    raise NotImplementedError


@first
def address_for(ctx: Context, ticket: Ticket, channel: str) -> str | None:
    """Decision (first): which of the customer's addresses on `channel` a ticket is answered at, where nothing came from one.

    Called in the transaction of whoever writes there, a job; an address that is not the customer's any more is passed over.
    Example: `return submission.identity.value if channel == "email" else None`
    """
    raise NotImplementedError


@first
def letter_instead(
    ctx: Context, ticket: Ticket, customer: User, kind: str, agent: User | None, only_link: bool = False
) -> str | None:
    """Decision (first): what a letter to the ticket's customer says instead of what was written. Called in the job that sends it.

    `kind` is that of the message: "human" of an agent's reply, "automatic" of an action's letter, "closing" of the notice. Return the
    letter as HTML, which then goes without files and quotation; for a notice "" says that none is wanted; None leaves it as it is. A
    letter that goes to others as well is not asked about. With `only_link` whoever wrote it wants it to lead to where the request is
    read, and to say nothing of it (see `only_link`). If a plugin fails the next one is asked.
    Example: `return "<p>There is an answer for you in the app.</p>" if has_app(customer) else None`
    """
    raise NotImplementedError


@first
def only_link(ctx: Context, ticket: Ticket, message: Message) -> bool | None:
    """Decision (first): is the letter of this message to lead the ticket's customer to their request instead of holding the text?

    Called in the job that sends it, before `letter_instead`, which gets the answer; where nobody there has a page to lead to, the
    letter holds the text. If a plugin fails the next one is asked.
    Example: `return was_to_be_secret(ctx, message) or None`
    """
    raise NotImplementedError


@first
def connect_mailbox(ctx: Context, account: Mapping[str, Any], by: User) -> bool | None:
    """Decision (first): connect a mailbox to this form, or give the one with this address other servers. No page is asked.

    Called in the transaction of whoever sets desks up: the demo, an import. `account` holds what the page of a mailbox asks
    for: address, password, imap_host, imap_port, imap_security and the same of smtp, own_network. True says it is connected.
    Example: `add_mailbox(ctx, read_account(account, by=by), by=by); return True`
    """
    raise NotImplementedError


@first
def connect_bot(ctx: Context, account: Mapping[str, Any], by: User) -> bool | None:
    """Decision (first): connect a messenger's bot to this form, or give the one it has other ways to its messenger.

    Called in the transaction of whoever sets desks up: the demo, the test kit, an import. Nobody is asked who the bot is, so
    `account` says it: token, name, username; api_address, own_network where its messenger is not the vendor's own; people, the
    numbers of those who have written to it before. The desk fetches what is written to it. True says it is connected.
    Example: `add_bot(ctx, read_account(ctx, account, by=by), by=by); return True`
    """
    raise NotImplementedError


@first
def rate_ticket(ctx: Context, ticket: Ticket, mark: int, comment: str) -> bool | None:
    """Decision (first): store the mark, 5 to 1, that the ticket's customer gave elsewhere than on a page of this desk.

    Called in the transaction of whoever brings it: the demo, an import, a messenger. True says that it is stored.
    Example: `rate(ctx, invitation_of(ctx, ticket), mark=mark, comment=comment); return True`
    """
    raise NotImplementedError


@first
def words_received(ctx: Context, customer: User, said: Said, channel: str) -> bool | None:
    """Decision (first): are a customer's words in a chat meant for this plugin rather than for a ticket?

    Called in the transaction that receives them, before a ticket is looked for; True says that the plugin has stored them.
    Example: `return store_comment(ctx, customer, said.text) or None`
    """
    raise NotImplementedError


@first
def words_changed(ctx: Context, customer: User, said: Said, channel: str) -> bool | None:
    """Decision (first): the customer has changed words in a chat that some plugin has taken (see `words_received`). Was it this one?

    Called in the transaction that receives the change; `said.external_id` is the one the words had. True says that they are changed.
    Example: `return change_comment(ctx, customer, said.external_id, said.text) or None`
    """
    raise NotImplementedError


@first
def button_pressed(ctx: Context, ticket: Ticket, message: Message, key: str) -> str | None:
    """Decision (first): the customer pressed the button `key` this plugin put under `message`. Only that plugin is asked.

    Called in the transaction that stores the press; the words returned are shown to the customer for a moment, None says
    that it cannot be answered any more.
    Example: `rate(ctx, invitation, mark=int(key)); return _("Thank you.")`
    """
    raise NotImplementedError


@first
def send_letter(ctx: Context, to: str, subject: str, html: str) -> bool | None:
    """Decision (first): send a letter that belongs to no ticket, a link to confirm something for one, from this form.

    Called in the transaction of whoever asks for it, see `plugdesk.api.send_letter`; it leaves after the commit. True says that
    it is on its way, None that this form has nothing to send it with. `to` is an address nobody has proved to be theirs: what a
    stranger typed must not stand in the letter.
    Example: `post(ctx, to, subject, html); return True`
    """
    raise NotImplementedError


@veto(fails="deny")
def check_sign_in_address(ctx: Context, address: str) -> None:
    """Decision (veto): may `address` be somebody's sign-in address? Called in the transaction that saves the person.

    Raise `Veto` with the reason and the way out. A plugin that fails counts as a refusal. Asked of plugins loaded, on
    whatever form.
    Example: `raise Veto("help@example.org is the mailbox of Support.")`
    """
    raise NotImplementedError


# Announcements: after the commit, one delivery a plugin, in a transaction of their own, perhaps more than once.


@announcement
def ticket_opened(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Announcement: a ticket was opened. `event.message_id` is its first message, `event.data["channel"]` how it came.

    Example: `send_receipt(ctx, ticket)`
    """
    raise NotImplementedError


@announcement
def message_received(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Announcement: a further message came in on a ticket. `event.message_id` names it.

    Example: `warn_watchers(ctx, ticket)`
    """
    raise NotImplementedError


@announcement
def reply_written(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Announcement: an agent wrote to the customer; the message waits for its delivery. `event.message_id` names it.

    Example: `stop_clock(ctx, ticket)`
    """
    raise NotImplementedError


@announcement
def note_added(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Announcement: an agent wrote a note. `event.message_id` names it.

    Example: `mirror_note(ctx, ticket)`
    """
    raise NotImplementedError


@announcement
def ticket_assigned(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Announcement: the assignee changed. `event.data` holds `assignee_id` and `group_id`, before and after.

    Example: `tell_assignee(ctx, ticket)`
    """
    raise NotImplementedError


@announcement
def status_changed(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Announcement: the status changed; `event.data` holds the codes `before` and `after`.

    Example: `pause_clock(ctx, ticket)`
    """
    raise NotImplementedError


@announcement
def ticket_closed(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Announcement: the ticket's closing: its status became of kind resolved or closed. Once, until it is reopened.

    Example: `send_closing_notice(ctx, ticket, event)`
    """
    raise NotImplementedError


@announcement
def ticket_reopened(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Announcement: a closed ticket was opened again.

    Example: `withdraw_invitation(ctx, ticket)`
    """
    raise NotImplementedError


@announcement
def ticket_moved(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Announcement: the ticket came to this form from another one; `event.data` holds the ids `before` and `after`.

    Also `left`, codes of the fields whose values are kept in a note, and `renamed`, pairs of labels of those that went into another.

    Example: `begin_anew(ctx, ticket)`
    """
    raise NotImplementedError


@announcement
def extension_enabled(ctx: Context, form: Form | None, event: Event) -> None:
    """Announcement: an extension was switched on at `form` (None: for the desk). `event.plugin` says which.

    Told to that extension, too, and to all others that are on there.
    Example: `if event.plugin == ctx.plugin: catch_up(ctx)`
    """
    raise NotImplementedError


@announcement
def terms_changed(ctx: Context, form: Form, event: Event) -> None:
    """Announcement: on this form customers are helped on other terms than before: a contract, or business hours somebody works by.

    `event.data` says what has changed. What was reckoned by the old ones is reckoned anew.
    Example: `ctx.enqueue("reckon_anew", key="reckon")`
    """
    raise NotImplementedError


@announcement
def fields_changed(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Announcement: values of fields changed; `event.data["changes"]` maps a code to [before, after].

    Example: `recount(ctx, ticket)`
    """
    raise NotImplementedError


# Gathered: what was announced one by one before, once for many tickets, in the same transaction.


@gathered
def tickets_changed(ctx: Context, tickets: Sequence[Ticket]) -> None:
    """Announcement, gathered: something was announced of these tickets, all of this form, whichever of the announcements it was.

    Told once for all that waited, each ticket once and as it is now, after the plugin's other announcements of the same. For whatever is
    looked up or kept of tickets, in as few queries for many as for one. If it fails, nothing of what was told with it is kept, and each
    piece of news is told again by itself.
    Example: `count_again(ctx, [ticket.id for ticket in tickets])`
    """
    raise NotImplementedError
