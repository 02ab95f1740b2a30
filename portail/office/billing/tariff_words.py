"""A tariff and its answers in a few French words."""

from portail.billing.queries.setup import Answer
from portail.rules.pricing import Brackets, Increase, Price, Quote, Tariff, Unit
from portail.towns import wording as say

UNITS = {Unit.PRESENCE: "par jour", Unit.HALF_HOUR: "par demi-heure commencée", Unit.MONTH: "par mois"}


def tariff_words(rule: Tariff) -> str:
    """« de 1,00 € à 3,50 € par jour, 3 tranches de quotient »."""
    words = _prices(rule)
    if isinstance(rule.outside, Increase):
        return f"{words} ; hors commune + {say.percent(str(rule.outside.percent))}"
    return f"{words} ; autres prix hors commune" if rule.outside else words


def _prices(rule: Tariff) -> str:
    unit = UNITS[rule.unit]
    if isinstance(rule.scale, Price):
        return f"{say.money(rule.scale.cents)} {unit}"
    if isinstance(rule.scale, Brackets):
        prices = [bracket.price.cents for bracket in rule.scale.brackets]
        many = "s" if len(prices) > 1 else ""
        span = f"de {say.money(min(prices))} à {say.money(max(prices))}"
        return f"{span} {unit}, {len(prices)} tranche{many} de quotient"
    rate, least, most = say.decimal(str(rule.scale.rate)), rule.scale.floor_cents, rule.scale.ceiling_cents
    return f"quotient × {rate}, de {say.money(least)} à {say.money(most)} {unit}"


def answer_words(found: Answer) -> str:
    """« 3,20 € : 1,80 € + 1,40 € »."""
    if len(found.cents) == 1:
        return say.money(found.total_cents)
    return f"{say.money(found.total_cents)} : {' + '.join(say.money(cents) for cents in found.cents)}"


def grounds_words(quote: Quote) -> str:
    """Why: « tranche 2 », « quotient inconnu, prix le plus haut »."""
    parts = [
        f"tranche {quote.bracket}" if quote.bracket else "",
        "quotient inconnu : prix le plus haut" if quote.quotient_missing else "",
        "prix hors commune" if quote.outside else "",
        f"garde {say.money(quote.price.care_cents)}, repas {say.money(quote.price.food_cents)}"
        if quote.price.care_cents and quote.price.food_cents else "",
    ]  # fmt: skip
    return " ; ".join(filter(None, parts))
