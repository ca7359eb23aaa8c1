"""What asking costs: ``python -m benchmarks.serving``.

A model of 28x28 digits, trained for one epoch (what it costs does not depend on how good it is). Side by side in one
run: the bare forward pass of one picture and the search of its nearest training examples by a matrix product, the
explanation, the strip, and the whole way of a request through the interface. Then a server of its own process, eight
clients, 10,000 requests, one in twenty of which is malformed: how long an answer takes, what answers there were, and
how the program's memory went.
"""

import argparse
import base64
import collections
import http.client
import io
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import torch
from fastapi.testclient import TestClient
from PIL import Image

from benchmarks.pairs import RESULTS, in_turn, ratio
from lookalike.experiments import config_from, data_of, fit_run, open_run
from lookalike.serve import Desk, make_app

NET = "request to /explain, less one to /health, which asks no model"
CLIENTS, REQUESTS, MALFORMED = 8, 10_000, 20
BAD = (
    b"{",
    b'{"inputs": []}',
    b'{"inputs": ["not base64!"]}',
    b'{"inputs": ["iVBORw0KGgo="]}',
    b'{"inputs": [[1, 2, 3]]}',
    b'{"input": "YQ=="}',
)


def encoded(picture):
    """A picture as the page sends it."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()


def costs(folder):
    """Ratios to the forward pass and nearest neighbours, in one thread."""
    run = open_run(folder)
    classifier, data = run.classifier, data_of(run)
    desk = Desk(run)
    given = classifier.network_.activate_prototypes()
    everything = torch.cat([each.activations.flatten(1) for each in classifier.compare(data.train.inputs)])
    picture = data.test.inputs[:1]
    standard = classifier.preprocessing_.standardize(torch.from_numpy(picture)[:, None])
    body = {"inputs": [encoded(picture[0])]}

    @torch.no_grad()
    def bare():
        own = classifier.network_(standard, prototype_activations=given).activations.flatten(1)
        return (everything @ own.T).topk(5, dim=0)

    with TestClient(make_app(desk), base_url="http://127.0.0.1") as client:
        ways = {
            "forward pass and nearest neighbours": bare,
            "explain": lambda: classifier.explain(picture),
            "strip": lambda: desk.explain(picture, "test example 0"),
            "request to /health": lambda: client.get("/health"),
            "request to /explain": lambda: client.post("/explain", json=body),
        }
        seconds = in_turn(ways, rounds=300, warmup=10)
    client, whole = seconds["request to /health"], seconds["request to /explain"]
    seconds[NET] = [a - b for a, b in zip(whole, client, strict=True)]
    found = {name: ratio(seconds, name, "forward pass and nearest neighbours") for name in seconds}
    return {name: {key: round(value, 3) for key, value in values.items()} for name, values in found.items()}


def free_port():
    """One that nobody listens on."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def memory_of(process):
    """Resident megabytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def load(folder, requests):
    """Answers, times in milliseconds, and memory along the way."""
    port = free_port()
    command = [sys.executable, "-m", "lookalike", "serve", str(folder), "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    pictures = [json.dumps({"inputs": [encoded(each)]}).encode() for each in data_of(open_run(folder)).test.inputs[:64]]
    times, answers, memory, lock = [], collections.Counter(), [], threading.Lock()

    def ask(connection, number):
        bad = number % MALFORMED == 0
        body = BAD[number // MALFORMED % len(BAD)] if bad else pictures[number % len(pictures)]
        began = time.perf_counter()
        connection.request("POST", "/explain", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        took = 1000 * (time.perf_counter() - began)
        with lock:
            answers[("malformed" if bad else "well-formed", answer.status)] += 1
            if not bad:
                times.append(took)
            if len(times) % (requests // 10) == 0:
                memory.append(memory_of(server.pid))

    def client(first):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for number in range(first, requests, CLIENTS):
            ask(connection, number)
        connection.close()

    try:
        for _ in range(600):
            try:
                http.client.HTTPConnection("127.0.0.1", port).request("GET", "/health")
                break
            except OSError:
                time.sleep(0.1)
        workers = [threading.Thread(target=client, args=(first,)) for first in range(CLIENTS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    finally:
        server.terminate()
        server.wait()
    return times, answers, memory


def main():
    """Fit, measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    requests = parser.parse_args().requests
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "digits"
        fit_run(config_from({"data": "mnist-5k", "training__epochs": 1, "random_state": 0}), folder)
        torch.set_num_threads(1)
        ratios = costs(folder)
        times, answers, memory = load(folder, requests)
    told = {
        "benchmark": "serving",
        "rows": {name: row for name, row in ratios.items() if row["median"] != 1},
        "limits": {NET: 3.0},
        "requests": requests,
        "clients": CLIENTS,
        "milliseconds": {str(q): round(float(np.percentile(times, q)), 1) for q in (50, 95, 99)},
        "answers": {f"{kind}: {status}": count for (kind, status), count in sorted(answers.items())},
        "megabytes": [round(each) for each in memory],
    }
    print(json.dumps(told, indent=1))
    (RESULTS / "serving.json").write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
