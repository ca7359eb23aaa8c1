"""A page that is served while a browser looks at it."""

import shutil
import threading
import time
from contextlib import contextmanager

import uvicorn

from lookalike.experiments import open_run
from lookalike.serve import Desk, make_app

CHROMIUM = shutil.which("chromium")


@contextmanager
def served(folder):
    """The address of a page over a run, and its desk."""
    desk = Desk(open_run(folder))
    server = uvicorn.Server(uvicorn.Config(make_app(desk), port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", desk
    finally:
        server.should_exit = True
        thread.join(10)
