"""The form of a tariff: prices, brackets, effort rate, surcharges, absences, as `rules.pricing.from_json` reads it."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms

from portail.office.billing.fields import MoneyField
from portail.office.forms import OfficeForm
from portail.rules.pricing import AbsenceRules, Unit

FEWEST_ROWS, SPARE_ROWS, MOST_ROWS = 6, 3, 40
BASES = [("price", "le même pour tous"), ("brackets", "par tranches de quotient"), ("effort", "par taux d'effort")]
UNITS = [(Unit.PRESENCE.value, "par jour"), (Unit.HALF_HOUR.value, "par demi-heure commencée"),
         (Unit.MONTH.value, "par mois (forfait)")]  # fmt: skip
SURCHARGES = [
    ("", "aucune"),
    ("cents", "euros en plus"),
    ("percent", "% en plus"),
    ("multiplier", "prix multiplié par"),
]
SAME, PERCENT, KEEP = "same", "percent", "keep"
_ABSENCES = ("absent_billed", "justified_billed", "unrecorded_billed", "attendance_expected")


class DecimalText(forms.CharField):
    """A number that may have decimals, « 12,5 », kept as text: the rules read it exactly."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "amount"})
        super().__init__(**{"max_length": 15, "widget": widget, "required": False, **kwargs})

    def clean(self, value: object) -> str:
        """The text without spaces nor %. Raises ValidationError."""
        text = re.sub(r"[\s%]", "", super().clean(value))
        if text and not re.fullmatch(r"\d{1,4}([.,]\d{1,10})?", text, re.ASCII):
            raise forms.ValidationError(f"« {text} » n'est pas un nombre : écrivez 12,5.")
        return text


class TariffForm(OfficeForm):
    """A tariff. Its fields are those of the three bases; only those of the one chosen count."""

    name = forms.CharField(label="Nom", max_length=80, help_text="Par exemple « Cantine 2026-2027 ».")
    first_day = forms.DateField(label="À partir du")
    last_day = forms.DateField(label="Jusqu'au", required=False, help_text="Vide : jusqu'au tarif suivant.")
    unit = forms.ChoiceField(label="Se compte", choices=UNITS, widget=forms.RadioSelect)
    basis = forms.ChoiceField(label="Prix", choices=BASES, widget=forms.RadioSelect)
    care = MoneyField(label="Part garde (€)", required=False)
    food = MoneyField(label="Part repas (€)", required=False)
    rows = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1, max_value=MOST_ROWS)
    rate = DecimalText(label="Taux d'effort", help_text="Prix en euros = quotient × taux : 0,00453 pour 0,453 %.")
    floor = MoneyField(label="Prix plancher (€)", required=False)
    ceiling = MoneyField(label="Prix plafond (€)", required=False, help_text="C'est aussi celui d'un quotient inconnu.")
    effort_food = MoneyField(label="Dont repas (€)", required=False)
    effort_percent = DecimalText(label="Ou part repas (% du prix)")
    outside = forms.ChoiceField(label="Familles hors commune", widget=forms.RadioSelect)
    outside_percent = DecimalText(label="Supplément hors commune (%)")
    reductions = forms.CharField(
        label="Réductions par enfant (%)", required=False, max_length=60,
        help_text="Premier, deuxième, troisième enfant et suivants : « 0 ; 10 ; 20 ».",
    )  # fmt: skip
    late_kind = forms.ChoiceField(label="Réservé hors délai", choices=SURCHARGES, required=False)
    late_value = DecimalText(label="Combien")
    late_from = forms.IntegerField(label="Dès la n-ième fois du mois", required=False, min_value=1, max_value=31)
    unbooked_kind = forms.ChoiceField(label="Venu sans réservation", choices=SURCHARGES, required=False)
    unbooked_value = DecimalText(label="Combien")
    unbooked_from = forms.IntegerField(label="Dès la n-ième fois du mois", required=False, min_value=1, max_value=31)
    absent_billed = forms.BooleanField(label="Une absence non justifiée est facturée", required=False)
    justified_billed = forms.BooleanField(label="Une absence justifiée est facturée", required=False)
    waiting_days = forms.IntegerField(
        label="Jours de carence", required=False, min_value=0, max_value=31,
        help_text="Premiers jours d'une absence justifiée, facturés quand même.",
    )  # fmt: skip
    unrecorded_billed = forms.BooleanField(label="Réservé et pas pointé : facturé comme présent", required=False)
    attendance_expected = forms.BooleanField(label="Un pointage est tenu : signaler ce qui manque", required=False)
    half_hours = forms.IntegerField(
        label="Demi-heures facturées pour une absence", required=False, min_value=1, max_value=48
    )

    def __init__(self, data: Any = None, *, rule: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        kept = dict(rule or {})
        initial = {**initial_of(kept), **kwargs.pop("initial", {})}
        super().__init__(data, initial=initial, **kwargs)
        self.kept_outside = kept.get("outside") if "percent" not in (kept.get("outside") or {}) else None
        outside = [(SAME, "mêmes prix"), (PERCENT, "supplément en %")]
        if self.kept_outside:
            outside.append((KEEP, "autres prix, déjà saisis (gardés)"))
        self.fields["outside"].choices = outside  # type: ignore[attr-defined]
        typed = str(data.get("rows", "")) if data else ""
        wanted = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else 0
        count = max(FEWEST_ROWS, wanted, len(kept.get("brackets") or ()) + SPARE_ROWS)
        self.numbers = list(range(1, min(count, MOST_ROWS) + 1))
        self.initial["rows"] = len(self.numbers)
        for number in self.numbers:
            self.fields[f"from_{number}"] = forms.IntegerField(
                label=f"Tranche {number}, à partir du quotient", required=False, min_value=0, max_value=1_000_000
            )
            self.fields[f"care_{number}"] = MoneyField(label=f"Tranche {number}, part garde", required=False)
            self.fields[f"food_{number}"] = MoneyField(label=f"Tranche {number}, part repas", required=False)

    def rule(self) -> dict[str, Any]:
        """What was typed, as `rules.pricing.from_json` reads it."""
        values = self.cleaned_data
        table: dict[str, Any] = {"unit": values["unit"], **self._scale()}
        if values["outside"] == PERCENT:
            table["outside"] = {"percent": values["outside_percent"] or "0"}
        elif values["outside"] == KEEP:
            table["outside"] = self.kept_outside
        reductions = [part.strip().rstrip("%").strip() for part in re.split(r"[;/]", values["reductions"])]
        if any(reductions):
            table["rank_reductions"] = reductions
        for name in ("late", "unbooked"):
            if values[f"{name}_kind"]:
                table[name] = _surcharge(
                    values[f"{name}_kind"], values[f"{name}_value"] or "0", values[f"{name}_from"] or 1
                )
        usual = AbsenceRules()
        table["absences"] = {name: values[name] for name in _ABSENCES} | {
            "waiting_days": values["waiting_days"] or 0,
            "half_hours": values["half_hours"] or usual.half_hours,
        }
        return table

    def _scale(self) -> dict[str, Any]:
        values = self.cleaned_data
        if values["basis"] == "price":
            return {"price": {"care": values["care"] or 0, "food": values["food"] or 0}}
        if values["basis"] == "effort":
            cents: dict[str, Any] = {name: values[name] or 0 for name in ("floor", "ceiling")}
            cents["food"] = values["effort_food"] or 0
            if values["effort_percent"]:
                cents["food_percent"] = values["effort_percent"]
            return {"effort": {"rate": values["rate"] or "0", **cents}}
        typed = [(values[f"from_{n}"], values[f"care_{n}"], values[f"food_{n}"]) for n in self.numbers]
        rows = [row for row in typed if any(cell is not None for cell in row)]
        return {"brackets": [{"from": lower or 0, "care": care or 0, "food": food or 0} for lower, care, food in rows]}

    def clean(self) -> dict[str, Any]:
        """What the chosen basis needs."""
        values = super().clean() or {}
        empty = values.get("care") is None and values.get("food") is None
        if values.get("basis") == "price" and empty and not {"care", "food"} & set(self.errors):
            self.add_error("care", "Saisissez le prix : la part garde, la part repas, ou les deux.")
        return values


def initial_of(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a kept rule, or those of a new one."""
    absences = {**{name: getattr(AbsenceRules(), name) for name in (*_ABSENCES, "waiting_days", "half_hours")},
                **rule.get("absences", {})}  # fmt: skip
    outside = rule.get("outside")
    found: dict[str, Any] = {
        "unit": rule.get("unit", Unit.PRESENCE.value),
        "basis": next((name for name, _ in BASES if name in rule), "price"),
        "outside": SAME if not outside else PERCENT if "percent" in outside else KEEP,
        "outside_percent": _comma((outside or {}).get("percent", "")),
        "reductions": " ; ".join(_comma(one) for one in rule.get("rank_reductions", ())),
        **rule.get("price", {}),
        **absences,
    }
    effort = rule.get("effort", {})
    if effort:
        found |= {"rate": _comma(effort["rate"]), "effort_percent": _comma(effort.get("food_percent", ""))}
        found |= {"floor": effort["floor"], "ceiling": effort["ceiling"], "effort_food": effort.get("food", 0)}
    for number, row in enumerate(rule.get("brackets", ()), start=1):
        found |= {f"from_{number}": row["from"], f"care_{number}": row["care"], f"food_{number}": row["food"]}
    for name in ("late", "unbooked"):
        found |= _surcharge_fields(name, rule.get(name) or {})
    return found


def _surcharge(kind: str, value: str, first: int) -> dict[str, Any]:
    if kind != "cents":
        return {kind: value, "from": first}
    whole, _, rest = value.replace(",", ".").partition(".")
    return {kind: int(whole) * 100 + int(rest[:2].ljust(2, "0") or 0), "from": first}


def _surcharge_fields(name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    kind = next((kind for kind, _ in SURCHARGES if kind and kind in table), "")
    if not kind:
        return {f"{name}_from": 1}
    value = f"{table[kind] / 100:.2f}" if kind == "cents" else str(table[kind])
    return {f"{name}_kind": kind, f"{name}_value": _comma(value), f"{name}_from": table.get("from", 1)}


def _comma(value: object) -> str:
    return str(value).replace(".", ",")
