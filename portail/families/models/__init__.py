"""The tables of families: the register, the ways in, and what looking after a child asks for."""

from portail.families.models.access import FailedLogin, ParentSession, Throttle
from portail.families.models.agreements import Agreement, AgreementAnswer
from portail.families.models.care import AuthorisedPerson, HealthRecord
from portail.families.models.imports import ImportBatch, ImportRow
from portail.families.models.papers import Paper, PaperKind
from portail.families.models.register import Classroom, Link, Payer, Person, Quotient, School

__all__ = [
    "Agreement",
    "AgreementAnswer",
    "AuthorisedPerson",
    "Classroom",
    "FailedLogin",
    "HealthRecord",
    "ImportBatch",
    "ImportRow",
    "Link",
    "Paper",
    "PaperKind",
    "ParentSession",
    "Payer",
    "Person",
    "Quotient",
    "School",
    "Throttle",
]
