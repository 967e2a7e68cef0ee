"""What the core itself contributes, by the types plugins use."""

from __future__ import annotations

from datetime import timedelta

from plugdesk.contributions import JobKind, Timer
from plugdesk.plugins.registry import Registry


def add_core(registry: Registry) -> None:
    """Register the core's jobs, recurring work, variables and facts."""
    from plugdesk.tags.facts import FACTS
    from plugdesk.tickets import delivery, editing, housekeeping, settling, wording

    registry.add_core(
        jobs=[
            JobKind("deliver_message", delivery.deliver_message),
            JobKind("change_message", editing.change_message),
            JobKind("withdraw_message", editing.tell_withdrawal),
            JobKind("show_typing", editing.tell_typing, max_tries=1),
            JobKind("settle", settling.settle_again),
        ],
        timers=[
            Timer("fold_tallies", timedelta(minutes=5), housekeeping.fold_tallies, per="desk"),
            Timer("empty_bin", timedelta(hours=6), housekeeping.empty_bin, per="desk"),
            Timer("early_updates", timedelta(minutes=10), housekeeping.read_early, per="desk"),
            Timer("sweep", timedelta(hours=1), housekeeping.sweep, per="desk"),
        ],
        variables=wording.NAMESPACES,
        facts=FACTS,
    )
