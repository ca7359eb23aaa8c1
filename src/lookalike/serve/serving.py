"""From a desk to a running program that browsers find."""

import secrets
import socket
from collections.abc import Callable

import torch

from lookalike.serve.app import make_app
from lookalike.serve.connections import server_of
from lookalike.serve.desk import Desk
from lookalike.serve.limits import Limits

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(desk: Desk, host: str = "127.0.0.1", port: int = 8765, told: Callable[[str], None] = lambda _: None) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    desk : Desk
    host : str
        Beyond loopback nothing is answered without a token, which is drawn anew each time.
    port : int
        Free.
    told : callable
        Is given the address to open, the token in it where there is one.

    Raises
    ------
    OSError
        If the port is taken.
    """
    token = "" if host in LOOPBACK else secrets.token_urlsafe(32)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Two questions at a time, one thread each, are answered sooner than one after the other with two.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        # Bound before anybody is told: another program may be there.
        with socket.create_server((host, port), family=family) as bound:
            shown = f"[{host}]" if ":" in host else host
            told(f"http://{shown}:{port}/" + (f"?token={token}" if token else ""))
            server_of(make_app(desk, Limits(token=token))).run(sockets=[bound])
    finally:
        torch.set_num_threads(threads)
