"""A run of invoices: prepared, checked, issued, put online (issue 3, « Tariffs and invoices »)."""

from portail.billing.operations.runs.checking import solve_anomaly
from portail.billing.operations.runs.issuing import issue_run
from portail.billing.operations.runs.preparing import RunDraft, abandon_run, prepare_run
from portail.billing.operations.runs.publishing import publish_run

__all__ = ["RunDraft", "abandon_run", "issue_run", "prepare_run", "publish_run", "solve_anomaly"]
