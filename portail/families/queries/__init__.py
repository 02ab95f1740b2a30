"""Reads about families: whom a session or a payer reaches (`reach`), what the town hall looks up."""

from portail.families.queries.reach import ChildRow, Family, children_of, family_of_session, family_of_view, link_named

__all__ = ["ChildRow", "Family", "children_of", "family_of_session", "family_of_view", "link_named"]
