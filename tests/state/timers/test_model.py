"""Timers as values: what is stored, what two versions merge to, and the names of due keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.errors import CannotStoreError, CorruptDocumentError
from ptb_bucket.state import BOT_DATA, Kind, Record
from ptb_bucket.state.timers import Claim, DueKey, Timer, due_key, merge_timers, unit_of

USER = Record.user(42)
REMIND = Timer("remind", "aa", due=1000.5, user_id=42)


class TestValue:
    @given(
        st.builds(
            Timer,
            callback=st.text(),
            nonce=st.text("0123456789abcdef", min_size=1),
            data=st.none() | st.integers() | st.dictionaries(st.text(), st.integers()),
            name=st.none() | st.text(),
            chat_id=st.none() | st.integers(),
            due=st.none() | st.floats(0, 1e10),
            schedule=st.none() | st.dictionaries(st.text(), st.integers()),
            occurrence=st.integers(0),
            claim=st.none() | st.builds(Claim, st.text(), st.floats(0, 1e10)),
            enabled=st.booleans(),
            parked=st.none() | st.text(),
        )
    )
    def test_a_stored_timer_is_read_as_it_was(self, timer):
        assert Timer.from_value(timer.to_value()) == timer

    def test_fields_of_a_newer_version_are_ignored(self):
        assert Timer.from_value({**REMIND.to_value(), "colour": "red"}) == REMIND

    @pytest.mark.parametrize(
        "wrong",
        [None, [], {}, {"callback": "f"}, {"callback": 1, "nonce": "a"}]
        + [
            {**REMIND.to_value(), name: value}
            for name, value in [
                ("due", "soon"), ("due", float("nan")), ("occurrence", -1), ("occurrence", True), ("claim", ["x"]),
                ("enabled", 1), ("schedule", []), ("options", {1: 2}), ("user_id", "42"),
            ]
        ],
    )  # fmt: skip
    def test_a_value_that_cannot_be_a_timer_is_refused_and_not_quoted(self, wrong):
        with pytest.raises(ValueError, match="of the timer is missing or has the wrong type"):
            Timer.from_value(wrong)

    def test_another_due_time_gets_another_name_and_no_claim(self):
        again = REMIND.but(claim=Claim("me", 5.0)).rearmed(2000.0, "bb", occurrence=2)
        assert (again.generation, again.nonce, again.claim, again.occurrence) == (2, "bb", None, 2)
        assert unit_of("x", again) != unit_of("x", REMIND)


class TestMerging:
    """``base`` was changed by both sides; ``theirs`` committed first."""

    def test_of_two_claims_the_first_one_counts(self):
        ours, theirs = REMIND.but(claim=Claim("us", 9.0)), REMIND.but(claim=Claim("them", 8.0))
        assert merge_timers(REMIND, ours, theirs) == theirs

    def test_an_ended_occurrence_counts_more_than_a_claim(self):
        ended = REMIND.rearmed(2000.0, "bb", occurrence=2)
        claimed = REMIND.but(claim=Claim("them", 8.0))
        assert merge_timers(REMIND, ended, claimed) == ended
        assert merge_timers(REMIND, claimed, ended) == ended

    def test_a_failed_try_counts_more_than_a_claim(self):
        failed, claimed = REMIND.rearmed(1060.0, "bb", tries=1), REMIND.but(claim=Claim("them", 8.0))
        assert merge_timers(REMIND, failed, claimed) == failed
        assert merge_timers(REMIND, claimed, failed) == failed

    @pytest.mark.parametrize(
        "change", [{"claim": Claim("x", 1.0)}, {"occurrence": 2}, {"tries": 1}, {"enabled": False}]
    )
    def test_a_cancellation_wins_over_everything_but_a_replacement(self, change):
        changed = REMIND.but(**change)
        assert merge_timers(REMIND, None, changed) is None
        assert merge_timers(REMIND, changed, None) is None

    def test_a_replacement_survives_the_end_of_what_it_replaces(self):
        replacement = REMIND.rearmed(5000.0, "cc", revision=2)
        assert merge_timers(REMIND, None, replacement) == replacement
        assert merge_timers(REMIND, replacement, None) == replacement.but(born=None)  # a series of its own

    @pytest.mark.parametrize(
        "late", [None, REMIND.rearmed(2000.0, "bb", occurrence=2), REMIND.but(claim=Claim("x", 1.0))]
    )
    def test_a_new_timer_with_the_same_id_survives_whatever_concerns_the_old_one(self, late):
        new = REMIND.but(nonce="cc", due=3000.0)
        assert merge_timers(REMIND, late, new) == new
        merged = merge_timers(REMIND, new, late)
        assert (merged.due, merged.series) == (3000.0, "cc")
        assert merge_timers(REMIND, REMIND.but(nonce="dd"), new) == new

    def test_a_series_lasts_from_the_creation_to_the_end(self):
        again = REMIND.rearmed(2.0, "bb").rearmed(3.0, "cc")
        assert {REMIND.series, again.series, Timer.from_value(again.to_value()).series} == {"aa"}
        assert unit_of("x", REMIND.rearmed(2.0, "bb")) == unit_of("x", REMIND)

    def test_of_two_replacements_the_first_one_stays(self):
        ours, theirs = REMIND.rearmed(5.0, "cc", revision=2), REMIND.rearmed(6.0, "dd", revision=2)
        assert merge_timers(REMIND, ours, theirs) == theirs

    def test_a_pause_survives_a_run_on_another_instance(self):
        ended, paused = REMIND.rearmed(2000.0, "bb", occurrence=2), REMIND.but(enabled=False)
        assert merge_timers(REMIND, ended, paused) == merge_timers(REMIND, paused, ended) == ended.but(enabled=False)

    TIMERS = st.builds(
        Timer,
        callback=st.just("f"),
        nonce=st.sampled_from(["aa", "bb"]),
        due=st.sampled_from([1.0, 2.0]),
        occurrence=st.integers(1, 2),
        revision=st.integers(1, 2),
        generation=st.integers(1, 3),
        tries=st.integers(0, 1),
        enabled=st.booleans(),
    )

    @given(TIMERS, TIMERS, TIMERS)
    def test_a_due_time_that_the_bucket_lacks_has_a_name_that_neither_side_has_used(self, base, ours, theirs):
        merged = merge_timers(base, ours, theirs)
        if (merged.due, merged.generation, merged.nonce) == (theirs.due, theirs.generation, theirs.nonce):
            return
        assert merged.generation > theirs.generation


class TestKeys:
    @given(
        st.sampled_from([BOT_DATA, USER, Record.chat(-100123)]),
        st.text(min_size=1, max_size=15),
        st.floats(0, 2e11),
        st.integers(1, 10**6),
    )
    def test_a_key_is_read_as_it_was_written(self, owner, timer_id, due, generation):
        timer = Timer("f", "0a", due=due, generation=generation)
        found = due_key(Record.of_timer(owner, timer_id), timer)
        assert DueKey.parse(found.key) == found
        assert found.due >= due  # whoever looks when the key says so never comes too early

    @given(
        st.sampled_from([BOT_DATA, USER, Record.user(int("9" * 210)), Record.chat(-100123), Record(Kind.USER, "Ä.")]),
        st.text(max_size=15),
        st.floats(0, 2e11),
        st.integers(-1, 2) | st.integers(10**17, 10**18),
        st.sampled_from(["aa", "", "AA", "a\n", "a" * 64, "a" * 65]),
        st.booleans(),
    )
    def test_it_is_known_without_its_name_whether_a_key_can_be_read(  # noqa: PLR0913, PLR0917  drawn
        self, owner, timer_id, due, generation, nonce, has_spaces
    ):
        record = Record.of_timer(owner, timer_id)
        if has_spaces:
            record = Record(Kind.TIMER, record.id.replace(",", ", ", 1))
        found = due_key(record, Timer("f", nonce, due=due, generation=generation))
        assert found.can_be_read == (DueKey.parse(found.key) == found)

    @given(st.floats(0, 2e11), st.floats(0, 2e11))
    def test_keys_sort_by_time(self, one, other):
        keys = [due_key(Record.of_timer(USER, "x"), Timer("f", "aa", due=due)) for due in (one, other)]
        if keys[0].due < keys[1].due:
            assert keys[0].key < keys[1].key

    @pytest.mark.parametrize(
        "key",
        [
            "", "timers/due/", "timers/due/20261127T090000Z/user_data/42/x", "timers/due/x/user_data/42/x/1.aa",
            "timers/due/20261327T090000Z/user_data/42/x/1.aa", "timers/due/20261127T090000Z/updates/42/x/1.aa",
            "timers/due/20261127T090000Z/user_data/42/X/1.aa", "timers/due/20261127T090000Z/user_data/42/x/0.aa",
            "other/20261127T090000Z/user_data/42/x/1.aa",
        ],
    )  # fmt: skip
    def test_another_name_is_not_a_due_key(self, key):
        assert DueKey.parse(key) is None

    @pytest.mark.parametrize("change", [{"due": None}, {"enabled": False}, {"parked": "no callback"}])
    def test_a_timer_that_nobody_has_to_look_at_has_no_key(self, change):
        assert due_key(Record.of_timer(USER, "x"), REMIND.but(**change)) is None

    @pytest.mark.parametrize(("timer_id", "due"), [("x" * 300, 5.0), ("x", 1e13)])
    def test_what_no_key_can_name_is_refused(self, timer_id, due):
        with pytest.raises(CannotStoreError):
            due_key(Record.of_timer(USER, timer_id), REMIND.but(due=due))


class TestRecord:
    def test_it_names_owner_and_timer(self):
        record = Record.of_timer(USER, "tea")
        assert record.timer == (USER, "tea")
        assert record.label == "timers[user_data[42]]['tea']"

    @pytest.mark.parametrize(
        "damaged", ["x", "[]", '["user_data","42"]', '["updates","42","x"]', '["user_data",42,"x"]']
    )
    def test_a_damaged_one_is_reported(self, damaged):
        with pytest.raises(CorruptDocumentError, match="is not a timer"):
            _ = Record(Kind.TIMER, damaged).timer
