"""What every page of every journey is held to: our own host only, nothing in the console, no unexpected answer.

The bank is the one other place that a parent is led to: as a page of its own, never as a part of ours.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

LEAST_PROBLEM = 400


@dataclass
class Watch:
    """Watches a browser context. `allowed`: statuses from 400 that the journey means to see; `said`: a pattern of what
    the console may say. `bank`: host and port of the one third party.
    """

    host: str
    bank: str = ""
    allowed: set[int] = field(default_factory=set)
    said: str = ""
    problems: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Begin."""
        context.on("request", self.asked)
        context.on("response", self._answered)
        context.on("console", self._said)
        context.on("weberror", self._failed)

    def verdict(self) -> None:
        """End: fail when anything was noticed."""
        assert not self.problems, "\n".join(self.problems)

    def asked(self, request: Request) -> None:
        """Something is asked of somebody."""
        address = urlsplit(request.url)
        if address.scheme in {"data", "blob"} or address.netloc == self.host:
            return
        if address.netloc != self.bank or not (request.is_navigation_request() or self._is_of_the_bank(request)):
            self.problems.append(f"a third party was asked: {request.url}")
        elif urlsplit(request.headers.get("referer", "")).netloc == self.host:
            self.problems.append(f"the bank was told where the parent comes from: {request.url}")

    def _is_of_the_bank(self, request: Request) -> bool:
        return urlsplit(request.frame.url).netloc == self.bank

    def _answered(self, response: Response) -> None:
        if response.status >= LEAST_PROBLEM and response.status not in self.allowed:
            self.problems.append(f"{response.status} {response.request.method} {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        # A refused answer is judged by its status above; the browser's own line about it says no more.
        expected = ["Failed to load resource", *([self.said] if self.said else [])]
        if message.type in {"error", "warning"} and not any(re.match(one, message.text) for one in expected):
            self.problems.append(f"console {message.type}: {message.text}")

    def _failed(self, error: WebError) -> None:
        self.problems.append(f"script error: {error.error}")
