"""Which tests inject which fault of our list of those that others met, and show what is promised for it.

The numbers are the list's: letters 1-3, Redis 14 and 15, workers 17-19, databases 20-22, plugins 29 and 30, migrations 31,
messengers 36, presses 39.
"""

from __future__ import annotations

import pytest

from tests.security.test_coverage import missing_in

PROOFS: dict[int, str] = {
    1: "faults/test_mail_killed: test_a_letter_becomes_one_ticket_and_one_receipt_wherever_the_process_is_killed",
    2: "faults/test_mail_killed: test_a_letter_becomes_one_ticket_and_one_receipt_wherever_the_process_is_killed; "
    "plugins/email/test_intake: test_a_letter_is_kept_before_the_server_is_told_that_it_was_seen "
    "test_when_the_server_numbers_anew_nothing_comes_twice",
    3: "faults/test_mail_killed: test_a_letter_piped_in_is_taken_once_wherever_the_command_is_killed",
    14: "faults/test_redis_refuses: test_an_answer_is_taken_and_leaves_when_redis_is_well_again; "
    "faults/test_jobs_rq: test_a_commit_succeeds_while_redis_is_down test_a_redis_that_hangs_costs_a_second_once "
    "test_work_that_redis_never_heard_of_is_swept_up_when_it_is_back",
    15: "faults/test_jobs_rq: test_flushing_redis_loses_and_doubles_nothing",
    17: "faults/test_mail_killed: test_a_reply_leaves_once_or_says_maybe_wherever_the_process_is_killed; "
    "faults/test_jobs_killed: test_a_worker_killed_at_any_step_of_a_letter_sends_it_once_or_says_maybe "
    "test_a_job_that_always_kills_its_process_is_parked_and_takes_nobody_along test_killing_workers_at_random_loses_and_doubles_nothing; "
    "faults/test_jobs_rq: test_a_work_horse_killed_in_the_middle_of_a_job_costs_that_job_a_try",
    18: "core/test_worker: test_stopping_lets_the_running_job_end test_stopping_gives_back_a_job_that_does_not_end; "
    "faults/test_jobs_rq: test_a_worker_told_to_end_ends_the_job_at_hand_first; faults/test_rq_ending: test_the_carrier_ends_with_its_worker",
    19: "core/test_timers: test_two_processes_that_tick_at_once_store_each_turn_once; core/test_worker: "
    "test_two_workers_with_two_threads_each_run_every_job_once; faults/test_jobs_rq: test_two_rq_workers_run_every_job_once; "
    "faults/test_services: test_of_two_workers_one_listens_and_the_other_takes_over_when_it_ends",
    20: "faults/test_sqlite_busy: test_a_reply_is_refused_with_every_word_kept_and_sent_once_afterwards test_pages_are_read_meanwhile "
    "test_work_that_meets_a_long_writer_is_done_afterwards",
    21: "faults/test_postgres_away: test_a_connection_cut_between_two_requests_is_noticed_by_nobody "
    "test_a_connection_cut_in_the_middle_of_a_request_undoes_it_and_keeps_every_word "
    "test_while_the_database_is_away_every_page_says_so_in_words test_a_worker_goes_on_when_the_database_is_back",
    22: "faults/test_postgres_away: test_two_jobs_in_each_others_way_are_both_done",
    29: "journeys/test_saboteur: test_each_step_of_the_main_job_stays_whole test_it_is_suspended_and_the_admin_sees_since_when_and_why; "
    "core/plugins/test_executor: test_whatever_a_plugin_raises_the_desk_goes_on test_junk_from_a_filter_is_a_failure "
    "test_a_plugin_cannot_end_the_transaction_of_the_desk; core/plugins/test_decision_limit: "
    "test_a_decision_that_takes_too_long_counts_but_suspends_at_once; "
    "core/test_worker: test_a_job_that_hangs_is_put_aside_and_others_go_on test_a_plugin_that_hangs_on_news_is_cut_off",
    30: "core/plugins/test_removal: test_one_whose_package_is_gone_keeps_its_data_and_finds_it_again test_what_was_removed_can_be_installed_again; "
    "core/test_migrations: test_an_older_plugin_over_newer_tables_says_so_and_stays_off; "
    "core/plugins/test_loader: test_what_requires_a_plugin_that_failed_is_blocked_and_what_requires_that_too; "
    "journeys/test_third_party: test_a_strangers_plugin_lives_and_goes",
    31: "faults/test_migrations_killed: test_killed_before_any_statement_the_tables_are_old_or_new_and_never_between "
    "test_the_cores_first_tables_are_all_there_or_none_wherever_it_is_killed; core/test_migrations: test_migrating_twice_changes_nothing "
    "test_code_over_older_tables_does_not_start_without_migrating test_before_the_core_changes_a_database_with_data_it_is_copied",
    36: "plugins/telegram/test_sending: test_too_many_requests_waits_as_long_as_telegram_says test_trouble_at_telegram_is_waited_out "
    "test_a_connection_lost_before_the_answer_is_maybe_sent_and_never_repeated; "
    "plugins/telegram/test_receiving: test_an_update_told_again_changes_nothing test_what_is_edited_is_changed_and_what_it_said_is_kept "
    "test_an_update_of_an_unknown_kind_is_kept_as_a_note_or_at_least_taken test_while_telegram_is_away_it_is_said_and_what_waited_comes_once; "
    "plugins/telegram/test_ways: test_an_edit_that_overtook_its_message_is_what_the_ticket_says; "
    "plugins/telegram/test_webhook: test_a_body_of_10_mb_is_refused; core/channels/test_updates: "
    "test_what_overtook_on_its_way_is_read_in_the_order_of_a_vendor_that_counts test_the_order_of_a_chat_is_kept_under_eight_workers",
    39: "faults/test_pressed_twice: test_sent_again_it_happens_once_and_leads_to_the_same_place "
    "test_pressed_six_times_at_once_it_happens_once test_two_tabs_are_two_replies; "
    "browser/test_agent_day: test_a_double_press_and_going_back_send_once",
}  # fmt: skip


@pytest.mark.parametrize("fault", PROOFS)
def test_the_proofs_exist(fault: int) -> None:
    assert missing_in(PROOFS[fault]) == []
