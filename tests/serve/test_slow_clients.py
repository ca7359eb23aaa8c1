"""Clients that say nothing, or only half of it, are dropped, and hold up nobody."""

import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from lookalike.serve import connections
from lookalike.serve.connections import server_of
from lookalike.serve.limits import Doorkeeper, Limits

PATIENCE = 0.4


async def _application(scope, receive, send):
    if scope["type"] != "http":
        return
    size = 4_000_000 if scope["path"] == "/large" else 2
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(size).encode())]})
    await send({"type": "http.response.body", "body": b"x" * size})


@contextmanager
def _serving():
    server = server_of(Doorkeeper(_application, Limits(body_seconds=PATIENCE)), PATIENCE)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield bound.getsockname()[1], server
        finally:
            server.should_exit = True
            thread.join(timeout=20)
    assert not thread.is_alive()


def _connected(port):
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def _head(port, rest=""):
    return f"GET / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{rest}\r\n".encode()


def _answer(port):
    with _connected(port) as client:
        client.sendall(_head(port))
        return client.recv(15)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", b""),
        ("GET / HT", b""),
        ("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ", b""),
        ("POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\nhalf", b"HTTP/1.1 408"),
        ("POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal", b"HTTP/1.1 408"),
    ],
    ids=["nothing", "half a line", "half a head", "half a body", "half a chunk"],
)
def test_who_does_not_finish_is_dropped(said, told):
    with _serving() as (port, _), _connected(port) as client:
        client.sendall(said.encode())
        began = time.monotonic()

        assert _answer(port) == b"HTTP/1.1 200 OK"

        came = b""
        with suppress(ConnectionResetError):
            while part := client.recv(65536):
                came += part
        assert came[: len(told)] == told
        assert bool(came) == bool(told)
        assert PATIENCE * 0.9 < time.monotonic() - began < 5 * PATIENCE + 1


def test_a_client_that_drips_is_dropped_too():
    with _serving() as (port, _), _connected(port) as client:
        began = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - began < 10:
                client.sendall(b"G")
                time.sleep(PATIENCE / 10)

    assert time.monotonic() - began < 5


def test_an_answered_client_is_dropped_when_idle_and_may_ask_again_before():
    with _serving() as (port, _), _connected(port) as client:
        for _ in range(3):
            client.sendall(_head(port))
            came = b""
            while not came.endswith(b"\r\n\r\nxx"):
                came += client.recv(65536)
            assert came.startswith(b"HTTP/1.1 200")
            time.sleep(PATIENCE / 2)
        began = time.monotonic()

        assert client.recv(10) == b""
        assert time.monotonic() - began < 5


def test_silent_connections_make_room(monkeypatch):
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 8)
    server = server_of(_application, 30.0)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        silent = [_connected(port) for _ in range(20)]
        try:
            assert _answer(port) == b"HTTP/1.1 200 OK"
        finally:
            for client in silent:
                client.close()
            server.should_exit = True
            thread.join(timeout=20)


def test_who_does_not_take_the_answer_is_dropped():
    with _serving() as (port, server), _connected(port) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(_head(port).replace(b"GET / ", b"GET /large "))
        deadline = time.monotonic() + 10
        time.sleep(PATIENCE)
        while server.server_state.connections and time.monotonic() < deadline:
            time.sleep(0.05)

        assert not server.server_state.connections


def test_the_end_waits_for_no_slow_client():
    with _serving() as (port, server):
        clients = [_connected(port) for _ in range(3)]
        clients[1].sendall(b"GET / HT")
        clients[2].sendall(b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\nhalf")
        time.sleep(0.1)
        began = time.monotonic()
        server.should_exit = True
        while server.server_state.connections and time.monotonic() - began < 10:
            time.sleep(0.02)

        assert time.monotonic() - began < 3
        for client in clients:
            client.close()
