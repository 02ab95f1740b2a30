"""Towns, their hosts, settings, staff and trail (M8, A1)."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from portail.towns.actors import parent, town_hall
from portail.towns.models import Audit, Host, Staff, Town
from portail.towns.operations import (
    Act,
    TownSettingError,
    change_settings,
    create_staff,
    create_town,
    record,
    set_logo,
    set_status,
)
from portail.towns.queries import (
    all_towns,
    canonical_host,
    first_town,
    host_named,
    logo_of,
    revision_held,
    town_rows,
)
from portail.towns.scope import NoTownError, current_town, in_town, town_id_or_none
from tests.world import CLERK, NOW, World

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


def trail() -> list[tuple[str, str]]:
    return list(Audit.objects.order_by("id").values_list("verb", "subject"))


def test_a_town_is_found_by_each_of_its_exact_hosts(db, django_assert_num_queries):
    create_town(slug="x", hosts=["Famille.X.fr", "x.localhost"], settings={"name": "X"}, by=CLERK, now=NOW)
    for name, canonical in (("famille.x.fr", True), ("x.localhost", False)):
        with django_assert_num_queries(1):
            host = host_named(name)
            assert host is not None
            assert (host.town.slug, host.canonical) == ("x", canonical)
    assert [host_named(name) for name in ("a.famille.x.fr", "x.fr", "", "x.localhost.")] == [None] * 4
    assert canonical_host(Town.objects.get()) == "famille.x.fr"
    assert Town.objects.get().status == Town.Status.PREPARING


def test_the_towns_of_an_installation(world: World):
    assert [town.slug for town in all_towns()] == ["buchelay", "demo"]
    assert first_town() == world.demo
    with pytest.raises(IntegrityError), transaction.atomic():
        create_town(slug="y", hosts=["demo.localhost"], settings={"name": "Y"}, by=CLERK, now=NOW)
    assert len(all_towns()) == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        Host.objects.create(town=world.demo, name="autre.fr", canonical=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"revision": 3}, "revision"),
        ({"slug": "x"}, "slug"),
        ({"time_zone": "Europe/Mantes"}, "Europe/Mantes"),
        ({"labels": {"autre": "x"}}, "payer_code"),
        ({"town_colour": "#ffffff"}, "illisible"),
        ({"accent_colour": "#ffe000"}, "illisible"),
    ],
)
def test_a_setting_that_cannot_be_is_said_in_french_and_changes_nothing(demo: World, settings, message):
    before = trail()
    with pytest.raises(TownSettingError, match=message):
        change_settings(settings={"name": "Z", **settings}, by=CLERK, now=NOW)
    with pytest.raises(TownSettingError, match=message):
        create_town(slug="z", hosts=[], settings={"name": "Z", **settings}, by=CLERK, now=NOW)
    assert Town.objects.get(pk=demo.demo.pk).name == "Ville de Démo"
    assert trail() == before
    assert Town.objects.count() == 2


def test_a_setting_changes_with_its_line_before_and_after(demo: World):
    change_settings(settings={"phone": "01 30 92 00 00", "time_zone": "Indian/Reunion"}, by=CLERK, now=NOW)
    town = Town.objects.get(pk=demo.demo.pk)
    assert (town.phone, town.time_zone) == ("01 30 92 00 00", "Indian/Reunion")
    act = Audit.objects.latest("id")
    assert (act.verb, act.actor, act.channel, act.at) == ("change_settings", "Mme Formatrice", "town_hall", NOW)
    assert act.before == {"phone": "", "time_zone": "Europe/Paris"}
    assert act.after == {"phone": "01 30 92 00 00", "time_zone": "Indian/Reunion"}


def test_a_time_zone_changes_the_rules_so_it_changes_the_revision(demo: World):
    before = revision_held()
    change_settings(settings={"time_zone": "Indian/Reunion"}, by=CLERK, now=NOW)
    assert revision_held() != before


def test_opening_and_closing_leave_their_line(demo: World):
    set_status(status=Town.Status.SUSPENDED, by=CLERK, now=NOW)
    assert Town.objects.get(pk=demo.demo.pk).status == Town.Status.SUSPENDED
    act = Audit.objects.latest("id")
    assert (act.verb, act.before, act.after) == ("set_status", {"status": "open"}, {"status": "suspended"})


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(b"<html>", "image/png"), (PNG, "text/html"), (PNG, "image/jpeg"), (PNG + b"\0" * 200_000, "image/png")],
)
def test_a_logo_is_a_small_picture(demo: World, content: bytes, content_type: str):
    with pytest.raises(TownSettingError):
        set_logo(content=content, content_type=content_type, by=CLERK, now=NOW)
    assert logo_of(demo.demo) is None


def test_a_logo_is_replaced_and_belongs_to_its_town(world: World):
    with in_town(world.demo):
        for content in (PNG, PNG + b"2"):
            set_logo(content=content, content_type="image/png", by=CLERK, now=NOW)
            logo = logo_of(world.demo)
            assert logo is not None
            assert bytes(logo.content) == content
        digests = [act.after["sha256"] for act in Audit.objects.filter(verb="set_logo").order_by("id")]
        assert len(set(digests)) == 2
        assert Town.objects.get(pk=world.demo.pk).logo_digest == digests[1]
    with in_town(world.buchelay):
        assert logo_of(world.buchelay) is None


def test_staff_log_in_whatever_the_case_and_belong_to_one_town(demo: World):
    password = "douze caractères"  # noqa: S105
    staff = create_staff(login="Agent@Demo.fr", name="Agent", password=password, by=CLERK, now=NOW)
    assert Staff.objects.get_by_natural_key("AGENT@demo.FR") == staff
    assert staff.check_password(password)
    assert password not in staff.password
    assert staff.town == demo.demo
    assert ("create_staff", "agent@demo.fr") in trail()
    record(Act("test", "x"), by=town_hall("Agent", staff_id=staff.pk), now=NOW)
    assert Audit.objects.latest("id").staff == staff


def test_a_line_of_audit_takes_whatever_the_act_says(demo: World):
    record(Act("test", "é" * 5000), by=replace(CLERK, name="x"), now=NOW)
    assert len(Audit.objects.latest("id").subject) == 200


def test_who_acts():
    assert CLERK.is_town_hall
    assert not parent(1).is_town_hall


def test_raw_sql_must_name_its_town(demo: World):
    with pytest.raises(ValueError, match="town"):
        town_rows("SELECT 1", {})
    assert town_rows("SELECT count(*) FROM families_person WHERE town_id = %(town)s", {}) == [(4,)]


def test_a_town_is_in_force_for_a_block_and_no_longer(world: World):
    assert town_id_or_none() is None
    with in_town(world.demo):
        with in_town(world.buchelay):
            assert current_town() == world.buchelay
        assert current_town() == world.demo
    with pytest.raises(NoTownError):
        current_town()
    with pytest.raises(NoTownError), in_town(Town()):
        pass
