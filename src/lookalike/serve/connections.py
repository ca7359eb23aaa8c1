"""Connections that say nothing, or not all of it, are closed; they hold up nobody else, nor the end of the program."""

import asyncio
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from lookalike.serve.limits import Application

MOST_CONNECTIONS = 256
PATIENCE = 10.0
# Within which requests that are being answered may end when the program is told to.
_FAREWELL = 5
_LOOKS = 8
# So many more may come in one turn of the loop, before those that make room for them are gone.
_BURST = 128


def server_of(application: Application, patience: float = PATIENCE) -> uvicorn.Server:
    """A server that waits for nobody longer than it should.

    Parameters
    ----------
    application : callable
        An ASGI application.
    patience : float
        Seconds in which a request's head must have come, after which an idle connection is closed, and in a few of
        which an answer must have been taken.
    """
    config = uvicorn.Config(
        application,
        http=_protocol_of(patience),
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS + _BURST,
        timeout_keep_alive=max(1, round(patience)),
        timeout_graceful_shutdown=_FAREWELL,
    )
    return uvicorn.Server(config)


def _protocol_of(patience: float) -> type[asyncio.Protocol]:
    class Patient(_TimelyProtocol):
        seconds = patience

    return Patient


class _TimelyProtocol(H11Protocol):
    """Looks at its connection now and then."""

    seconds: float

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._since = self.loop.time()
        self._untaken = 0
        self._make_room()
        self._look_again()

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._since = self.loop.time()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._since = self.loop.time()

    def waits(self) -> bool:
        """Whether the next word is the client's: a request, or the rest of one's head."""
        return self.conn.their_state is h11.IDLE and (self.cycle is None or self.cycle.response_complete)

    def _look_again(self) -> None:
        self.loop.call_later(self.seconds / _LOOKS, self._look)

    def _look(self) -> None:
        if self.transport.is_closing() and not self.flow.write_paused:
            return
        self._untaken = self._untaken + 1 if self.flow.write_paused else 0
        silent = self.loop.time() - self._since
        # An unfinished body is refused in words after the same time; this is for clients that do not hear.
        unfinished = self.conn.their_state is h11.SEND_BODY and silent > 2 * self.seconds
        if unfinished or (self.waits() and silent > self.seconds) or self._untaken > 3 * _LOOKS:
            self.transport.abort()
            return
        self._look_again()

    def _make_room(self) -> None:
        """Close the connection that has been silent for longest, where there are too many."""
        if len(self.connections) <= MOST_CONNECTIONS:
            return
        known = [each for each in self.connections if isinstance(each, _TimelyProtocol)]
        there = [each for each in known if not each.transport.is_closing()]
        silent = [each for each in there if each.waits()]
        if len(there) > MOST_CONNECTIONS and silent:
            min(silent, key=lambda each: each._since).transport.abort()
