"""Which tests prove which statement of our list of security requirements, and which failure of others cannot happen here.

The letters are areas: A signing in, S sessions, Z rights, C forged requests, X pages, F files, T templates, M injection, K
secrets, U outgoing connections, W calls of vendors, R links, H errors, L journal, I integrity, V supply; the numbers are failures of other desks.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PROOFS: dict[str, str] = {
    # Passwords: length, no rules of composition, the common ones refused, ten megabytes answered at once
    "A1": "core/test_passwords: test_any_length_from_twelve_to_1024_is_taken_whole test_shorter_and_longer_passwords_are_refused "
    "test_no_kind_of_character_is_asked_for test_what_everybody_uses_is_refused test_ten_megabytes_are_answered_at_once; "
    "web/test_sign_in: test_a_huge_password_is_refused_at_once",
    "A2": "core/test_passwords: test_only_argon2id_with_the_recommended_cost_is_stored test_the_stored_string_is_no_password; "
    "web/test_sign_in: test_the_stored_hash_is_not_a_password; security/test_secrets: test_no_row_of_the_database_holds_a_password",
    "A3": "core/test_throttle: test_twenty_wrong_passwords_for_one_account_block_it_wherever_they_come_from "
    "test_a_hundred_wrong_passwords_from_one_network_block_it test_a_burst_of_fifty_at_once_counts_fifty; "
    "web/test_sign_in: test_after_twenty_wrong_passwords_the_account_waits_and_says_how_long test_a_forged_forwarding_header_starts_no_new_count",
    "A4": "core/test_setup: test_a_fresh_desk_has_no_account_at_all test_it_is_over_for_ever_even_without_an_administrator "
    "test_of_two_who_press_at_once_one_becomes_the_administrator; web/test_first_run: test_afterwards_the_address_is_gone_for_everybody; "
    "security/test_access: test_each_role_gets_what_the_table_says_and_a_refusal_changes_nothing",
    "A6": "plugins/csat/test_rating: test_a_token_is_random_and_only_its_hash_is_stored test_a_token_nobody_was_sent_finds_nothing "
    "test_a_token_opens_on_its_own_form_only test_after_its_days_are_over_a_link_answers_not_found "
    "test_looking_at_a_link_stores_nothing_however_often; plugins/portal/test_signing_in: "
    "test_a_link_works_once_and_for_ten_minutes test_strange_links_lead_nowhere test_looking_at_the_link_signs_nobody_in_however_often "
    "test_whoever_is_no_customer_gets_the_same_answer_and_no_letter; core/test_sessions: test_the_browsers_token_leads_to_the_user_and_is_stored_nowhere",
    "S1": "core/test_sessions: test_each_sign_in_has_a_token_of_its_own test_signing_out_kills_the_session_on_the_server "
    "test_an_unused_session_is_over_after_twelve_hours test_use_keeps_a_session_alive_for_thirty_days_at_most "
    "test_a_changed_password_and_a_deactivated_account_end_every_session; "
    "web/test_sign_in: test_every_sign_in_gets_a_token_of_its_own_and_ends_the_browsers_old_session test_signing_out_ends_the_session_on_the_server",
    "S2": "security/test_headers: test_cookies_are_secure_wherever_browsers_allow_it; web/test_system: test_over_plain_http_it_warns; "
    "web/test_sign_in: test_the_cookie_is_for_this_host_only_and_out_of_reach_of_scripts",
    "S3": "core/test_sessions: test_an_admin_ends_the_sessions_of_one_person_and_of_all test_nobody_else_ends_sessions_that_are_not_theirs; "
    "web/test_people: test_sessions_of_one_and_of_all_are_ended",
    "Z1": "security/test_access: test_every_route_has_its_row_and_every_row_its_route "
    "test_each_role_gets_what_the_table_says_and_a_refusal_changes_nothing test_what_is_anothers_looks_like_what_is_not_there "
    "test_a_form_named_in_a_query_is_anothers_or_none_alike; "
    "security/test_limits_of_roles: test_who_loses_a_right_loses_it_for_every_request_they_could_make",
    "Z2": "security/test_limits_of_roles: test_fields_a_page_does_not_offer_change_nothing test_what_a_customer_reads_holds_nothing_of_the_inside "
    "test_nothing_a_customer_may_ask_for_tells_of_the_inside test_a_message_is_its_writers_whatever_the_request_says",
    "Z3": "security/test_limits_of_roles: test_no_list_count_or_lookup_tells_of_other_forms test_counts_are_of_what_one_may_see; "
    "security/test_uploads: test_a_key_of_anothers_upload_attaches_nothing; web/test_search: test_tickets_and_customers_of_other_forms_are_never_found",
    "Z4": "plugins/email/test_intake: test_the_number_in_the_subject_opens_no_ticket_to_strangers test_an_id_that_was_made_up_opens_nothing; "
    "security/test_limits_of_roles: test_what_a_customer_reads_holds_nothing_of_the_inside",
    "C1": "security/test_forgery: test_no_change_is_asked_for_from_elsewhere test_only_post_changes_anything test_looking_changes_nothing",
    "C2": "security/test_forgery: test_no_other_site_may_read_an_answer",
    "X1": "security/test_hostile_mail: test_no_html_of_the_collections_acts_on_the_page_of_its_ticket test_no_letter_of_the_torture_set_acts_on_any_page; "
    "core/test_html: test_nothing_in_the_collections_of_hostile_html_survives",
    "X2": "security/test_injection: test_naughty_strings_in_fields_break_no_page_and_none_becomes_markup; "
    "security/test_hostile_mail: test_a_letters_words_stay_words_on_every_page",
    "X3": "security/test_headers: test_every_answer_says_what_a_browser_may_do_with_it test_nothing_but_static_files_and_what_the_help_says_to_anybody_stays_in_a_browser",
    # Only the request form is framed, by the sites an admin names; it tells its height to them alone
    "X4": "plugins/webform/test_embedding: test_only_the_sites_an_admin_names_may_show_the_form_and_nothing_else_of_the_desk "
    "test_a_frame_tells_its_site_and_no_other_how_high_it_is; security/test_headers: test_every_answer_says_what_a_browser_may_do_with_it",
    "F1": "security/test_uploads: test_whatever_a_file_claims_to_be_nothing_in_it_runs test_a_file_larger_than_allowed_is_refused_and_leaves_nothing "
    "test_a_body_is_measured_before_it_is_read test_too_many_parts_and_files_are_refused "
    "test_a_name_reaches_neither_the_disk_nor_the_head_of_an_answer; core/test_files: "
    "test_no_attachment_of_the_torture_letters_has_a_dangerous_name_or_is_shown_as_html test_the_name_of_a_download_is_read_back",
    "F2": "security/test_uploads: test_an_archive_is_never_unpacked_and_a_picture_never_decoded",
    "T1": "security/test_injection: test_a_template_is_text_or_is_refused test_a_template_in_a_canned_response_is_text_or_is_refused "
    "test_a_template_in_a_signature_stays_text; core/test_variables: test_what_is_no_variable_stays_text "
    "test_strange_templates_come_to_an_end; security/test_supply: test_no_template_is_made_of_a_text_a_person_wrote",
    "T2": "security/test_injection: test_a_customers_words_are_never_evaluated_in_any_letter_to_them; core/test_variables: test_a_customers_text_is_never_evaluated",
    "M1": "security/test_injection: test_nothing_typed_into_a_page_gets_into_the_head_of_a_letter "
    "test_an_address_with_more_in_it_is_refused_wherever_one_is_typed; plugins/email/test_compose: test_nothing_gets_into_the_header "
    "test_names_from_blns_do_no_harm; plugins/email/test_deliver: test_nobody_writes_a_header_field_through_a_name_a_subject_or_a_file",
    "M2": "security/test_injection: test_no_parameter_reaches_the_database_as_anything_but_a_value test_no_word_widens_what_an_agent_finds "
    "test_a_number_no_row_can_have_is_one_that_is_not_there; web/test_search: test_signs_that_mean_something_to_databases_mean_nothing",
    "M4": "security/test_supply: test_nothing_turns_data_into_code_or_into_a_command test_rq_carries_json; "
    "faults/test_jobs_rq: test_who_writes_to_redis_does_not_choose_what_runs; core/test_vault: test_a_secret_is_not_pickled",
    "M6": "security/test_patterns: test_no_text_keeps_an_expression_busy test_a_long_number_is_refused_at_once; "
    "plugins/routing/test_settling: test_words_somebody_wrote_into_a_rule_are_words_and_no_pattern",
    "K1": "security/test_secrets: test_no_page_no_answer_and_no_line_of_the_log_tells_a_secret test_what_holds_secrets_shows_none_in_its_repr "
    "test_a_desk_that_holds_secrets_does_not_start_without_its_key; core/test_vault: test_two_sealings_of_one_secret_differ_and_hide_it "
    "test_an_altered_token_does_not_open",
    "K2": "security/test_secrets: test_a_password_goes_only_to_a_server_that_proves_its_name; "
    "plugins/email/test_mailboxes: test_a_certificate_that_proves_nothing_is_refused",
    "U1": "security/test_secrets: test_no_mailbox_leads_into_our_own_network test_a_mailbox_that_leads_there_nevertheless_is_not_read "
    "test_a_name_server_that_answers_twice_differently_gains_nothing; core/test_http: test_our_own_network_is_refused_at_every_connection "
    "test_a_redirect_is_not_followed test_a_name_server_that_changes_its_mind_gains_nothing; "
    "core/test_addresses: test_this_machine_is_refused_under_its_odd_names test_an_address_of_our_own_network_is_not_public; plugins/email/test_mailboxes: "
    "test_only_an_administrator_of_the_desk_may_do_without_encryption_or_reach_the_own_network",
    "R1": "security/test_leads: test_a_target_given_in_an_address_leads_nowhere_else test_what_is_no_path_of_the_desk_is_none",
    "H1": "security/test_refusals: test_a_failure_is_told_without_its_inside test_each_refusal_has_the_same_shape_in_json "
    "test_debugging_is_off_and_nothing_of_the_inside_has_an_address test_a_setting_cannot_switch_debugging_on",
    "W1": "plugins/telegram/test_webhook: test_without_the_secret_nothing_is_kept_and_the_log_says_so_once_a_minute "
    "test_a_call_that_is_repeated_is_acknowledged_and_changes_nothing test_a_bot_that_is_polled_takes_no_calls "
    "test_an_address_nobody_has_is_not_found test_a_secret_is_compared_in_constant_time_and_none_is_no_secret; "
    "plugins/telegram/test_ways: test_a_bot_that_is_to_be_called_is_registered_by_itself_and_what_is_written_comes",
    "L1": "security/test_refusals: test_who_is_refused_stands_in_the_journal_with_when_and_where "
    "test_what_is_done_to_people_rights_secrets_and_tickets_is_written_down test_what_strangers_send_stands_in_the_journal_on_one_line; "
    "web/test_sign_in: test_every_try_stands_in_the_journal; web/test_journal: test_no_address_changes_it; "
    "core/test_logs: test_nobody_forges_a_second_line_of_the_log; plugins/reports/test_files: test_who_took_a_list_as_a_file_stands_in_the_journal",
    "L2": "security/test_refusals: test_a_veto_that_cannot_be_asked_denies_and_nothing_is_stored; "
    "core/plugins/test_executor: test_a_veto_that_cannot_be_asked_denies",
    "I1": "security/test_two_at_once: test_of_two_who_accept_one_gets_it_and_the_other_is_told test_two_replies_from_the_same_page_lose_no_word "
    "test_closing_twice_at_once_is_one_closing test_of_two_who_save_the_same_form_the_slower_one_is_told; "
    "plugins/csat/test_rating: test_presses_at_the_same_moment_store_one_mark",
    "V1": "security/test_supply: test_every_package_of_the_lock_has_its_hashes "
    "test_the_bill_of_materials_names_what_a_desk_is_made_of_and_nothing_else test_no_route_takes_a_plugin_in; "
    "architecture/test_promises: test_the_lock_the_pins_and_what_is_asked_for_agree",
    "2": "plugins/portal/test_signing_in: test_whoever_is_no_customer_gets_the_same_answer_and_no_letter "
    "test_a_link_in_a_letter_signs_in_and_proves_the_address",
    "3": "plugins/webform/test_letters: test_a_hundred_posts_with_one_victims_address_send_one_letter "
    "test_a_receipt_tells_whoever_left_an_address_and_carries_nothing_they_typed",
    "6": "plugins/portal/test_signing_in: test_a_password_works_for_a_proved_address_alone "
    "test_looking_at_the_link_signs_nobody_in_however_often",
    "11": "web/test_sign_in: test_the_stored_hash_is_not_a_password",
    "12": "plugins/portal/test_signing_in: test_a_link_works_once_and_for_ten_minutes test_strange_links_lead_nowhere",
    "13": "plugins/portal/test_signing_in: test_a_link_works_once_and_for_ten_minutes",
    "14": "plugins/portal/test_signing_in: test_strange_links_lead_nowhere",
    "15": "plugins/portal/test_signing_in: test_strange_links_lead_nowhere",
    "16": "plugins/portal/test_signing_in: test_whoever_is_no_customer_gets_the_same_answer_and_no_letter",
    "17": "plugins/portal/test_signing_in: test_an_address_is_written_to_three_times_an_hour",
    "19": "security/test_hostile_mail: test_a_letters_words_stay_words_on_every_page test_no_letter_of_the_torture_set_acts_on_any_page",
    "22": "security/test_injection: test_naughty_strings_in_fields_break_no_page_and_none_becomes_markup; security/test_hostile_mail: test_names_of_files_are_not_markup",
    "23": "security/test_uploads: test_whatever_a_file_claims_to_be_nothing_in_it_runs",
    "24": "security/test_uploads: test_whatever_a_file_claims_to_be_nothing_in_it_runs",
    "25": "security/test_hostile_mail: test_names_of_files_are_not_markup",
    "29": "security/test_uploads: test_a_name_reaches_neither_the_disk_nor_the_head_of_an_answer",
    "30": "security/test_uploads: test_a_name_reaches_neither_the_disk_nor_the_head_of_an_answer",
    "32": "security/test_uploads: test_no_parameter_is_a_path",
    "33": "security/test_uploads: test_no_parameter_is_a_path",
    "42": "security/test_injection: test_a_customers_words_are_never_evaluated_in_any_letter_to_them test_a_template_is_text_or_is_refused",
    "43": "security/test_injection: test_a_template_is_text_or_is_refused",
    "44": "security/test_supply: test_nothing_turns_data_into_code_or_into_a_command",
    "45": "security/test_supply: test_nothing_turns_data_into_code_or_into_a_command",
    "46": "security/test_supply: test_nothing_turns_data_into_code_or_into_a_command test_rq_carries_json; "
    "faults/test_jobs_rq: test_who_writes_to_redis_does_not_choose_what_runs",
    "47": "security/test_injection: test_no_parameter_reaches_the_database_as_anything_but_a_value",
    "48": "security/test_injection: test_no_word_widens_what_an_agent_finds test_no_parameter_reaches_the_database_as_anything_but_a_value",
    "50": "security/test_injection: test_nothing_typed_into_a_page_gets_into_the_head_of_a_letter",
    "52": "security/test_supply: test_no_method_is_called_by_a_name_that_came_with_a_request",
    "55": "security/test_access: test_each_role_gets_what_the_table_says_and_a_refusal_changes_nothing; "
    "core/test_rights: test_an_action_that_was_not_given_is_refused_by_its_command_and_named "
    "test_while_a_ticket_is_assigned_nobody_else_acts_on_it; web/test_rights: test_drafts_are_kept_for_who_may_write",
    "56": "security/test_limits_of_roles: test_who_loses_a_right_loses_it_for_every_request_they_could_make "
    "test_whose_right_is_narrowed_is_refused_every_request_they_could_make; core/test_rights: test_leaving_a_group_ends_its_rights_at_once",
    "59": "security/test_limits_of_roles: test_fields_a_page_does_not_offer_change_nothing; web/test_account: test_fields_the_page_does_not_offer_change_nothing",
    "60": "security/test_limits_of_roles: test_fields_a_page_does_not_offer_change_nothing; core/test_users: test_unknown_keys_are_refused_to_admins_too",
    "62": "core/test_rights: test_no_ticket_is_linked_or_merged_with_one_that_is_not_seen; "
    "security/test_uploads: test_a_key_of_anothers_upload_attaches_nothing; "
    "security/test_limits_of_roles: test_opening_a_ticket_reaches_no_other_ticket",
    "65": "plugins/portal/test_signing_in: test_no_odd_path_leads_past_the_sign_in",
    "67": "security/test_headers: test_nothing_but_static_files_and_what_the_help_says_to_anybody_stays_in_a_browser",
    "68": "web/test_first_run: test_afterwards_the_address_is_gone_for_everybody; core/test_setup: test_it_is_over_for_ever_even_without_an_administrator",
    "69": "security/test_limits_of_roles: test_nobody_becomes_more_than_a_customer_by_writing_to_the_desk",
    "70": "plugins/portal/test_requests: test_the_numbers_of_another_customer_answer_as_what_is_not_there "
    "test_answers_not_yet_read_are_marked_until_they_were_looked_at",
    "71": "plugins/webform/test_letters: test_without_scripts_a_letter_asks_and_only_its_button_opens_the_ticket; "
    "plugins/csat/test_rating: test_looking_at_a_link_stores_nothing_however_often test_a_post_without_the_pages_own_token_stores_nothing "
    "test_the_last_explicit_choice_counts_and_each_is_in_the_journal",
}
STATEMENTS = "A1 A2 A3 A4 A6 S1 S2 S3 Z1 Z2 Z3 Z4 C1 C2 X1 X2 X3 X4 F1 F2 T1 T2 M1 M2 M4 M6 K1 K2 U1 W1 R1 H1 L1 L2 I1 V1"
CASES = "2 3 6 11 12 13 14 15 16 17 19 22 23 24 25 29 30 32 33 42 43 44 45 46 47 48 50 52 55 56 59 60 62 65 67 68 69 70 71"


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / f"{file}.py").read_text(encoding="utf-8"))
    return frozenset(each.name for each in tree.body if isinstance(each, ast.FunctionDef))


def test_every_statement_and_every_failure_has_its_proof() -> None:
    assert set(PROOFS) == {*STATEMENTS.split(), *CASES.split()}


@pytest.mark.parametrize("name", PROOFS)
def test_the_proofs_exist(name: str) -> None:
    assert missing_in(PROOFS[name]) == []


def missing_in(proof: str) -> list[str]:
    """The tests that `proof`, a list of files with the tests in each, names and nobody has written."""
    missing = []
    for part in proof.split(";"):
        file, _colon, tests = part.strip().partition(": ")
        named = re.findall(r"\S+", tests)
        missing += [f"{file}: {each}" for each in named or ["none"] if each not in functions_of(file)]
    return missing
