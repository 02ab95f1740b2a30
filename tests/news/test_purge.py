"""Old mails are forgotten a year after they ended; what has still to leave never is, in no town but this one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.news.models import OutboxMail
from portail.news.operations.outbox import KEPT, MailDraft, purge_mails, queue_mails
from portail.news.queries import MOST_ABANDONED, abandoned_mails
from portail.towns.scope import in_town
from tests.world import NOW, World

MINUTE = timedelta(minutes=1)
Status = OutboxMail.Status


def mail(key: str, status: Status, age: timedelta) -> OutboxMail:
    """A mail that came to this state so long ago."""
    at = NOW - age
    queue_mails([MailDraft(key, "test", "jamie@example.org", "Reçu", "Bonjour")], now=at)
    columns = {"sent_at": at} if status == Status.SENT else {}
    if status == Status.SENDING:
        columns = {"claimed_until": at}
    OutboxMail.objects.filter(key=key).update(status=status, **columns)
    return OutboxMail.objects.get(key=key)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("age", [KEPT + MINUTE, KEPT, MINUTE])
def test_what_ended_is_kept_for_a_year_and_what_did_not_for_ever(demo: World, status, age):
    mail("test/1", status, age)
    goes = age > KEPT and status in {Status.SENT, Status.FAILED, Status.DROPPED}
    assert purge_mails(now=NOW) == goes
    assert OutboxMail.objects.count() == (not goes)


def test_a_mail_that_left_late_is_kept_from_the_day_it_left(demo: World):
    late = mail("test/1", Status.SENT, KEPT + 3 * MINUTE)
    OutboxMail.objects.filter(pk=late.pk).update(sent_at=NOW - MINUTE)
    assert purge_mails(now=NOW) == 0


@given(old=st.integers(0, 7), most=st.integers(1, 4))
def test_by_handfuls_until_none_is_left(demo: World, old, most):
    for n in range(old):
        mail(f"test/{n}", Status.SENT, KEPT + MINUTE)
    mail("test/young", Status.SENT, MINUTE)
    handfuls = []
    while done := purge_mails(now=NOW, most=most):
        handfuls.append(done)
    assert (sum(handfuls), max(handfuls, default=0) <= most) == (old, True)
    assert OutboxMail.objects.get().key == "test/young"
    OutboxMail.objects.all().delete()


def test_two_queries_whatever_their_number_and_the_other_town_keeps_its_own(world: World, django_assert_num_queries):
    with in_town(world.buchelay):
        mail("test/1", Status.SENT, KEPT + MINUTE)
    with in_town(world.demo):
        for number in (1, 30):
            for n in range(number):
                mail(f"test/{n}", Status.SENT, KEPT + MINUTE)
            with django_assert_num_queries(4):  # a savepoint, two questions, its end
                assert purge_mails(now=NOW) == number
    with in_town(world.buchelay):
        assert OutboxMail.objects.count() == 1


def test_the_last_given_up_are_listed_the_newest_first(demo: World, django_assert_num_queries):
    for n in range(MOST_ABANDONED + 2):
        mail(f"test/{n}", Status.FAILED, n * MINUTE)
    mail("test/sent", Status.SENT, MINUTE)
    with django_assert_num_queries(1):
        found = abandoned_mails()
    assert [one.created_at for one in found] == [NOW - n * MINUTE for n in range(MOST_ABANDONED)]
