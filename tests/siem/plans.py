"""What is planted beyond the ten and ten, and when: attacks, near misses, weeks."""

from collections.abc import Callable, Iterable

from tests.siem import attacks, blindness, logins, near_misses
from tests.siem import attacks_of_many as many
from tests.siem import near_misses_of_many as many_near
from tests.siem.log import Key, Log, Named

Build = Callable[[Log], Iterable[Key | Named] | None]
# Rule -> when it begins, in minutes, and what it is.
Plan = dict[str, tuple[tuple[int, Build], ...]]

# Minutes of a day: what is looked at over an hour or a day has days of its own.
DAY = 1440


ATTACKS: Plan = {
    "one_user_from_many_sources": ((1450, many.five_networks),),
    "recipients_burst_after_success": ((395, many.three_messages),),
    "auth_without_tls": ((210, attacks.cleartext_login),),
    "outbound_credentials_refused": ((212, attacks.outbound_refused_otherwise),),
    "backend_unreachable": ((214, attacks.backend_broken),),
    "brute_force_by_source": ((220, many.v6_rotation),),
    "success_after_failures": (
        (226, many.same_second),
        (1530, many.guessed_slowly),
        (229, many.last_failure_with_success),
        (241, many.goes_on_failing),
        (245, many.any_case),
    ),
    "success_after_failures_elsewhere": ((250, many.got_in_elsewhere),),
    "relay_volume_by_user": (
        (310, many.small_portions),
        (372, many.one_open_session),
    ),
    "relay_volume_by_day": ((400, many.all_day),),
    "relay_volume_open_session": ((720, many.never_closed),),
    "slow_brute_force": ((405, many.slow_guessing),),
    "admin_login_guessing": (
        (410, logins.guessed_at),
        (425, logins.guessed_at_without_address),
    ),
    "admin_login_after_failures": ((435, logins.guessed),),
    "admin_account_locked": ((440, logins.locked),),
    "distributed_guessing": (
        (3 * DAY, many.botnet_spray),
        (4 * DAY, many.stuffing),
    ),
}
NEAR_MISSES: Plan = {
    "brute_force_by_source": ((112, near_misses.failures_of_two_addresses),),
    "password_spray": (
        (115, near_misses.slow_spray),
        (135, near_misses.many_good_users),
        (455, many_near.office),
        (466, many_near.ten_spellings),
    ),
    "success_after_failures": (
        (141, near_misses.success_first),
        (152, near_misses.success_of_another),
        (161, near_misses.success_much_later),
        (186, near_misses.four_around_a_success),
    ),
    "one_user_from_many_sources": (
        (190, near_misses.slow_sources),
        (480, many_near.privacy_addresses),
        (545, many_near.service_account),
        (555, many_near.four_networks_fail),
        (605, many_near.five_networks_in_hours),
    ),
    "auth_without_tls": (
        (192, near_misses.opening_not_seen),
        (194, near_misses.digest_in_the_clear),
    ),
    "success_on_rejected_connection": ((196, near_misses.accepted_after_reject),),
    "recipients_burst_after_success": (
        (198, near_misses.many_without_login),
        (450, near_misses.two_mailings),
        (452, near_misses.all_staff),
    ),
    "success_after_failures_elsewhere": (
        (710, many_near.nine_elsewhere),
        (752, many_near.two_networks_elsewhere),
        (804, many_near.elsewhere_after_the_success),
        (860, many_near.elsewhere_long_before),
    ),
    "guessing_without_address": ((996, many_near.ten_with_address),),
    "relay_volume_by_user": (
        (1010, many_near.portions_below),
        (1070, many_near.portions_over_hours),
        (1255, many_near.two_senders),
    ),
    "relay_volume_open_session": (
        (900, many_near.open_below),
        (1100, many_near.open_and_one_mailing),
    ),
    "relay_volume_by_day": (
        (400, many_near.day_below),
        (400, many_near.two_days),
    ),
    "slow_brute_force": (
        (400, many_near.slow_below),
        (400, many_near.slow_over_days),
    ),
    "admin_account_locked": ((1320, logins.one_refused),),
    "admin_login_after_failures": (
        (1325, logins.four_tries_in_two_lines),
        (1435, logins.in_before_failures),
        (1440, logins.another_gets_in),
    ),
    "admin_login_guessing": ((1330, logins.tries_over_hours),),
    "distributed_guessing": (
        (5 * DAY, many_near.too_few_networks),
        (6 * DAY, many_near.too_few_users),
        (7 * DAY, many_near.too_slow),
        (8 * DAY, many_near.too_many_tries),
        (9 * DAY, many_near.password_day_at_home),
        (10 * DAY, many_near.a_few_got_in),
        (11 * DAY, many_near.two_addresses_each),
    ),
}
# Weeks of several appliances, at the end of which somebody looks.
WEEKS_OF_ATTACKS = (
    ("unread_lines", "esa11", blindness.an_unread_line),
    ("unknown_heads", "esa13", blindness.unknown_heads),
    ("context_missing", "esa15", blindness.fifth_is_missing),
    ("appliance_conflict", "esa18", blindness.conflict),
    ("appliance_silent", "esa21", blindness.fell_silent),
    ("first_seen_network", "esa25", blindness.new_network),
    ("first_seen_network", "esa25", blindness.new_again),
    ("admin_login_after_failures", "esa26", logins.guessed_without_address),
    ("guessing_without_address", "esa26", many.without_address),
)
WEEKS_OF_NEAR_MISSES = (
    ("unread_lines", "esa12", blindness.few_unknown_heads),
    ("unknown_heads", "esa14", blindness.few_unknown_heads),
    ("context_missing", "esa16", blindness.less_is_missing),
    ("context_missing", "esa17", blindness.few_attempts),
    ("context_missing", "esa28", blindness.fifth_over_hours),
    ("appliance_conflict", "esa19", blindness.reused_number),
    ("guessing_without_address", "esa27", many_near.nine_without_address),
    ("guessing_without_address", "esa29", many_near.ten_without_address_in_hours),
    ("appliance_silent", "esa22", blindness.goes_on),
    ("appliance_silent", "esa23", blindness.was_always_quiet),
    ("appliance_silent", "esa24", blindness.silent_long_ago),
    ("first_seen_network", "esa25", blindness.new_address_of_a_network),
    ("first_seen_network", "esa25", blindness.new_user),
    ("first_seen_network", "esa25", blindness.seen_weeks_ago),
    ("first_seen_network", "esa25", blindness.new_two_days_ago),
    ("first_seen_network", "esa25", blindness.failed_from_a_new_network),
    ("first_seen_network", "esa25", blindness.new_some_days_ago),
)
