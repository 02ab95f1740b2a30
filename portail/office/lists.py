"""A list of the office: its address is its state (filters, sort, page); it may leave as CSV or XLSX.

The number of queries does not depend on the rows: one for the count, one for the page, and what the view prefetches.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from portail.gateways import spreadsheet, workbook
from portail.gateways.spreadsheet import Value

ROWS = 50  # per page
MOST_EXPORTED = 50_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it says of a row, how it sorts (`order_by` terms, ascending; none: it does not).

    `value` goes to files too, so that it is a `str`, an `int`, a `date` or `Euros`; `link` gives the address that the
    cell leads to on the page; `kind`: text, number (right-aligned), tag (a coloured word, see `tone`).
    """

    name: str
    label: str
    value: Callable[[Any], Value]
    sort: Sequence[str] = ()
    kind: str = "text"
    link: Callable[[Any], str] | None = None
    tone: Callable[[Any], str] | None = None  # good, warn, bad, info or ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What `office/list.html` shows."""

    columns: Sequence[Column]
    page: Page
    total: int
    filters: forms.Form | None
    sort: str
    query: Mapping[str, str] = field(default_factory=dict)

    def address(self, **changes: str) -> str:
        """The address of this list with something changed; another sort or filter goes back to its first page."""
        state = {**self.query, **changes}
        return "?" + urlencode({name: value for name, value in state.items() if value})

    def sort_address(self, column: Column) -> str:
        """The address that sorts on this column, the other way round when it is already so."""
        return self.address(tri=f"-{column.name}" if self.sort == column.name else column.name, page="")

    def sorted(self, column: Column) -> str:
        """« ascending », « descending » or « none »: what `aria-sort` says."""
        return {column.name: "ascending", f"-{column.name}": "descending"}.get(self.sort, "none")


def listed(
    request: HttpRequest, rows: "QuerySet[Any] | Sequence[Any]", columns: Sequence[Column], *, sort: str,
    filters: forms.Form | None = None, file_name: str = "liste",
) -> Listing | HttpResponse:  # fmt: skip
    """The page asked for of `rows`, already filtered, or the whole as a file (`?export=csv`, `?export=xlsx`).

    `sort`: the column's name in force unless the address says another, « - » before it for the other way round.
    """
    wanted = request.GET.get("tri", "")
    chosen = wanted if any(column.sort and column.name == wanted.lstrip("-") for column in columns) else sort
    ordered = _ordered(rows, columns, chosen)
    if request.GET.get("export") in ("csv", "xlsx"):
        return export(request.GET["export"], columns, ordered[:MOST_EXPORTED], file_name)
    paginator = Paginator(ordered, ROWS)
    page = paginator.get_page(request.GET.get("page"))
    state = {name: str(value) for name, value in request.GET.items() if name not in ("page", "export")}
    return Listing(columns, page, paginator.count, filters, chosen, state)


def export(kind: str, columns: Sequence[Column], rows: Any, file_name: str) -> HttpResponse:
    """The rows as a file, with the columns' labels first. No cell can become a formula."""
    table: list[list[Value]] = [[column.label for column in columns]]
    table.extend([column.value(row) for column in columns] for row in rows)
    if kind == "xlsx":
        return attached(workbook.written(table, file_name), f"{file_name}.xlsx", workbook.CONTENT_TYPE)
    return attached(spreadsheet.written(table), f"{file_name}.csv", "text/csv; charset=utf-8")


def attached(content: bytes, name: str, content_type: str) -> HttpResponse:
    """A file to keep."""
    response = HttpResponse(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _ordered(rows: Any, columns: Sequence[Column], sort: str) -> Any:
    """Sorted in the database for a QuerySet; by the column's own value for rows that are already in memory."""
    column = next((column for column in columns if column.name == sort.lstrip("-")), None)
    if column is None or not column.sort:
        return rows
    if not isinstance(rows, QuerySet):
        return sorted(rows, key=lambda row: _key(column.value(row)), reverse=sort.startswith("-"))
    backwards = sort.startswith("-")
    terms = [f"{'-' if backwards != term.startswith('-') else ''}{term.lstrip('-')}" for term in column.sort]
    return rows.order_by(*terms, "pk")


def _key(value: Value) -> tuple[int, Any]:
    if isinstance(value, spreadsheet.Euros):
        return 0, value.cents
    return (1, value.casefold()) if isinstance(value, str) else (0, value)
