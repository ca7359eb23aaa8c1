"""What a request may be before anything is made of it: from where, how large, how slow, how many at once."""

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "lookalike"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_HEADERS = {
    "content-security-policy": "default-src 'none'; img-src 'self' data: blob:; style-src 'self'; "
    "style-src-attr 'unsafe-inline'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True)
class Limits:
    """What is let through.

    Attributes
    ----------
    token : str
        Without which nothing is answered; empty on loopback, where other sites' pages are kept out by the host's name.
    most_bytes : int
        Of a request's body.
    seconds : float
        Half of those in which an answer must be found.
    body_seconds : float
        In which a body must have come.
    at_once : int
        Requests that are handled or wait; further ones are told to come again.
    """

    token: str = ""
    most_bytes: int = 16 * 2**20
    seconds: float = 30.0
    body_seconds: float = 10.0
    at_once: int = 64


class Doorkeeper:
    """An ASGI application around another: refuses what is beyond the limits, and adds headers of caution to answers.

    Parameters
    ----------
    application : callable
    limits : Limits
    """

    def __init__(self, application: Application, limits: Limits) -> None:
        self._application = application
        self._limits = limits
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or not."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        guarded = _with_headers(send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(guarded, *refusal)
            return
        if self._limits.token and scope["path"] == "/" and b"token=" in scope["query_string"]:
            await _enter(guarded, scope, self._limits.token)
            return
        if self._inside >= self._limits.at_once:
            await _answer(
                guarded,
                429,
                "expected fewer requests at once, got one more; try: again in a second",
                (("retry-after", "1"),),
            )
            return
        await self._handle(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._limits.token and re.sub(r":\d*$", "", host) not in _LOOPBACK:
            return (
                403,
                f"expected a request to {' or '.join(_LOOPBACK)}, got another name; try: the address printed",
            )
        origin = headers.get("origin")
        followed = scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
        crossed = headers.get("sec-fetch-site") == "cross-site" and not followed
        if crossed or (origin is not None and origin.partition("://")[2] != host):
            return 403, "expected a request of this page's own, got one from another site; try: the page itself"
        if self._limits.token and not self._is_known(scope, headers):
            return (
                401,
                "expected the token, got none or another; try: the address that `lookalike serve` printed",
            )
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return 400, "expected a content-length that is a number, got something else; try: another client"
        if int(length) > self._limits.most_bytes:
            return 413, _too_much(self._limits.most_bytes)
        return None

    def _is_known(self, scope: Scope, headers: dict[str, str]) -> bool:
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        cookies = dict(each.strip().partition("=")[::2] for each in headers.get("cookie", "").split(";"))
        given = (asked, bearer, cookies.get(COOKIE, ""))
        return any(secrets.compare_digest(each.encode(), self._limits.token.encode()) for each in given)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._inside += 1
        try:
            body = await asyncio.wait_for(self._body(receive), self._limits.body_seconds)
        except TimeoutError:
            self._leave()
            await _answer(send, 408, f"expected a body within {self._limits.body_seconds:g} s, got a part; try: again")
            return
        except BaseException:
            self._leave()
            raise
        if body is None:
            self._leave()
            await _answer(send, 413, _too_much(self._limits.most_bytes))
            return
        begun = given_up = False

        async def answering(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            if not given_up:
                await send(message)

        # Never cancelled: what a thread has begun goes on, and it counts as inside until it has ended.
        task = asyncio.ensure_future(self._application(scope, _given(body, receive), answering))
        task.add_done_callback(self._leave)
        done, _ = await asyncio.wait({task}, timeout=2 * self._limits.seconds)
        if done:
            await task
        elif not begun:
            given_up = True
            task.add_done_callback(_taken_note_of)
            await _answer(
                send, 503, "expected less to do, got more than there is time for; try: see whether it is done"
            )

    def _leave(self, _: object = None) -> None:
        self._inside -= 1

    async def _body(self, receive: Receive) -> bytes | None:
        """All of it; ``None`` where it is too large."""
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b""
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._limits.most_bytes:
                return None
            if not message.get("more_body", False):
                return b"".join(parts)


def _too_much(most: int) -> str:
    return f"expected at most {most} bytes, got more; try: fewer or smaller pictures at a time"


def _taken_note_of(task: "asyncio.Task[None]") -> None:
    """An error that nobody waits for any more was logged where it arose."""
    if not task.cancelled():
        task.exception()


def _given(body: bytes, receive: Receive) -> Receive:
    """The body in one message, then whatever comes."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> MutableMapping[str, Any]:
        return waiting.pop() if waiting else await receive()

    return next_message


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message.get("headers", [])}
            added = [(name.encode(), value.encode()) for name, value in _HEADERS.items() if name.encode() not in known]
            message = {**message, "headers": [*message.get("headers", []), *added]}
        await send(message)

    return sending


async def _enter(send: Send, scope: Scope, token: str) -> None:
    """Keep the token in a cookie, and out of the address."""
    cookie = f"{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/"
    headers = (("location", scope["path"]), ("set-cookie", cookie))
    await _answer(send, 303, "go on", headers)


async def _answer(send: Send, status: int, problem: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
    body = json.dumps({"error": problem}).encode()
    told = [("content-type", "application/json"), ("content-length", str(len(body))), ("connection", "close"), *headers]
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in told]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
