"""Due times: triggers survive being stored, and local times survive clock changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from ptb_bucket.application.timers.schedule import first_due, make_trigger, next_due, schedule_of
from ptb_bucket.errors import ConfigurationError

UTC = timezone.utc
ZONES = ["UTC", "Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
STARTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  as hypothesis wants them
ROME = ZoneInfo("Europe/Rome")


def dues(trigger, start, number, *, coalesce=False):
    schedule, found = schedule_of(trigger), [first_due(trigger, start.timestamp())]
    while len(found) < number and found[-1] is not None:
        found.append(next_due(schedule, found[-1], found[-1], coalesce=coalesce))
    return found


def local(seconds, zone):
    return datetime.fromtimestamp(seconds, ZoneInfo(zone)).isoformat()


class TestStored:
    @given(
        st.sampled_from(ZONES),
        st.fixed_dictionaries(
            {},
            optional={
                "month": st.sampled_from(["*", "1-6", "2", "*/3"]),
                "day": st.sampled_from(["*", "last", "15", "2nd fri", "1,31"]),
                "hour": st.sampled_from(["*", "9", "*/4", "8-18"]),
                "minute": st.sampled_from(["0", "*/10", "30"]),
            },
        ).filter(bool),
        STARTS,
    )
    def test_a_cron_trigger_goes_on_as_in_apscheduler(self, zone, fields, start):
        trigger = CronTrigger(timezone="UTC", **fields)  # without clock changes: those are below
        expected, previous = [], None
        for _ in range(4):
            previous = trigger.get_next_fire_time(previous, previous or start)
            expected.append(previous and previous.timestamp())
        assert dues(trigger, start, 4) == expected
        assert schedule_of(make_trigger("cron", fields, ZoneInfo(zone)))["timezone"] == zone

    @given(st.floats(1, 1e6), STARTS, st.integers(1, 50))
    def test_an_interval_is_counted_from_the_due_time_before(self, seconds, start, number):
        trigger = IntervalTrigger(seconds=seconds, start_date=start, timezone="UTC")
        found = dues(trigger, start, number)
        assert found[-1] == pytest.approx(start.timestamp() + seconds * (number - 1), abs=1e-2)

    def test_an_end_ends_it(self):
        start = datetime(2026, 1, 1, tzinfo=UTC)
        trigger = IntervalTrigger(seconds=60, start_date=start, end_date=start + timedelta(seconds=130), timezone="UTC")
        assert [found and found - start.timestamp() for found in dues(trigger, start, 9)] == [0, 60, 120, None]

    def test_months_of_a_calendar(self):
        trigger = CalendarIntervalTrigger(months=1, hour=9, start_date=date(2026, 1, 31), timezone="Europe/Rome")
        found = [local(one, "Europe/Rome")[:16] for one in dues(trigger, datetime(2026, 1, 1, tzinfo=UTC), 3)]
        assert found == ["2026-01-31T09:00", "2026-03-31T09:00", "2026-05-31T09:00"]

    def test_a_date_is_due_once_even_if_it_has_passed(self):
        trigger = DateTrigger(datetime(2026, 1, 1, tzinfo=UTC))
        assert schedule_of(trigger) is None
        assert first_due(trigger, datetime(2027, 1, 1, tzinfo=UTC).timestamp()) == trigger.run_date.timestamp()

    @pytest.mark.parametrize("hours", [2, -3.5])
    def test_a_zone_without_a_name_keeps_its_offset(self, hours):
        trigger = CronTrigger(hour=9, timezone=timezone(timedelta(hours=hours)))
        found = dues(trigger, datetime(2026, 1, 1, tzinfo=UTC), 2)
        assert found[1] - found[0] == 86400
        assert datetime.fromtimestamp(found[1], timezone(timedelta(hours=hours))).hour == 9


class TestRefused:
    def test_a_trigger_that_cannot_be_stored(self):
        with pytest.raises(ConfigurationError, match=r"OrTrigger can't be stored.*jobstore"):
            make_trigger(OrTrigger([]), {}, UTC)

    def test_a_subclass_whose_code_would_be_lost(self):
        class Odd(IntervalTrigger):
            pass

        with pytest.raises(ConfigurationError, match="Odd can't be stored"):
            make_trigger(Odd(seconds=5), {}, UTC)

    @pytest.mark.parametrize(
        ("trigger", "fields", "said"),
        [
            ("sundial", {}, "Unknown trigger 'sundial'"),
            ("cron", {"hours": 3}, "are invalid"),
            ("cron", {"hour": 25}, "are invalid"),
            (IntervalTrigger(seconds=5), {"seconds": 6}, "and also its arguments: seconds"),
        ],
    )
    def test_wrong_fields(self, trigger, fields, said):
        with pytest.raises(ConfigurationError, match=said):
            make_trigger(trigger, fields, UTC)


class TestClockChanges:
    @pytest.mark.parametrize(
        ("zone", "clock", "start", "expected"),
        [
            ("Europe/Rome", (9, 0), (2026, 3, 28), ["2026-03-28T09:00:00+01:00", "2026-03-29T09:00:00+02:00"]),
            ("Europe/Rome", (9, 0), (2026, 10, 24), ["2026-10-24T09:00:00+02:00", "2026-10-25T09:00:00+01:00"]),
            # 02:30 does not exist on the 29th: the clock goes from 02:00 to 03:00
            (
                "Europe/Rome", (2, 30), (2026, 3, 28),
                ["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
            ),
            # 02:30 exists twice on the 25th
            (
                "Europe/Rome", (2, 30), (2026, 10, 24),
                ["2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
            ),
            (
                "America/New_York", (1, 45), (2026, 10, 31),
                ["2026-10-31T01:45:00-04:00", "2026-11-01T01:45:00-04:00", "2026-11-02T01:45:00-05:00"],
            ),
            # half an hour
            (
                "Australia/Lord_Howe", (2, 15), (2026, 10, 3),
                ["2026-10-03T02:15:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"],
            ),
        ],
    )  # fmt: skip
    def test_a_daily_job_runs_once_a_day(self, zone, clock, start, expected):
        trigger = make_trigger("cron", {"hour": clock[0], "minute": clock[1]}, ZoneInfo(zone))
        found = dues(trigger, datetime(*start, tzinfo=ZoneInfo(zone)), len(expected))
        assert [local(one, zone) for one in found] == expected

    def test_a_job_of_every_ten_minutes_runs_in_both_hours(self):
        trigger = make_trigger("cron", {"minute": "*/10"}, ROME)
        found = dues(trigger, datetime(2026, 10, 25, 1, 55, tzinfo=ROME), 14)
        assert {later - earlier for earlier, later in pairwise(found)} == {600.0}

    @settings(max_examples=20, deadline=None)
    @given(st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 59), st.integers(2020, 2037))
    def test_every_day_of_a_year_has_one_run(self, zone, hour, minute, year):
        trigger = make_trigger("cron", {"hour": hour, "minute": minute}, ZoneInfo(zone))
        found = dues(trigger, datetime(year, 1, 1, tzinfo=ZoneInfo(zone)), 365)
        days = [datetime.fromtimestamp(one, ZoneInfo(zone)).date() for one in found]
        assert days == [date(year, 1, 1) + timedelta(days=number) for number in range(365)]


class TestMissed:
    @pytest.mark.parametrize(
        "trigger",
        [
            IntervalTrigger(minutes=10, start_date=datetime(2026, 1, 1, tzinfo=UTC), timezone="UTC"),
            CronTrigger(minute="*/10", timezone="UTC"),
        ],
    )
    def test_missed_runs_become_one_and_the_rhythm_stays(self, trigger):
        due = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
        late = due + 3 * 86400 + 65
        found = next_due(schedule_of(trigger), due, late)
        assert late < found <= late + 600
        assert (found - due) % 600 == 0
        assert next_due(schedule_of(trigger), due, late, coalesce=False) == due + 600

    def test_missed_days_of_a_calendar(self):
        trigger = CalendarIntervalTrigger(days=2, start_date=date(2026, 1, 1), timezone="UTC")
        due = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
        assert next_due(schedule_of(trigger), due, due + 5.5 * 86400) == due + 6 * 86400

    def test_a_second_that_is_due_every_second_is_found_at_once_after_a_year(self):
        trigger = IntervalTrigger(seconds=1, start_date=datetime(2026, 1, 1, tzinfo=UTC), timezone="UTC")
        due = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
        assert next_due(schedule_of(trigger), due, due + 3e7) == pytest.approx(due + 3e7, abs=1.1)
