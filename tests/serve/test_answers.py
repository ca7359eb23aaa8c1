"""What the JSON interface answers, and what it refuses."""

import base64
import io
import json
import re
import struct
import threading
import time
import zlib

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from lookalike.data import load_dataset
from lookalike.experiments import config_from, fit_run, open_run
from lookalike.serve import Desk, Limits, bare_app, make_app
from tests.serve.conftest import DANGEROUS, encoded


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits").test


def eight_bit(classifier, inputs):
    return classifier.preprocessing_.to_eight_bit(classifier.preprocessing_.from_eight_bit(inputs))


def asked(digits, n=3):
    """Digits come with 17 grey levels; the page sends 256."""
    return [encoded((picture * (255 / digits.inputs.max())).astype(np.uint8)) for picture in digits.inputs[:n]]


def test_predictions_are_the_classifiers(client, desk, digits):
    found = client.post("/predict", json={"inputs": asked(digits)}).json()["predictions"]
    classifier = desk.standing.run.classifier
    inputs = desk.read(asked(digits))
    assert [each["predicted"] for each in found] == [str(each) for each in classifier.predict(inputs)]
    given = np.array([list(each["probabilities"].values()) for each in found])
    assert given == pytest.approx(classifier.predict_proba(inputs), abs=1e-6)
    assert [each["probability"] for each in found] == pytest.approx(given.max(1).tolist())
    assert [each["similarity"] for each in found] == pytest.approx(
        (classifier.prototype_scores(inputs).max(1) / classifier.explanation_.scale).tolist(), abs=1e-6
    )


def test_explanations_sum_to_their_logits(client, digits):
    found = client.post("/explain", json={"inputs": asked(digits)}).json()["explanations"]
    assert len(found) == 3
    for each in found:
        total = sum(match["contribution"] for match in each["matches"])
        assert total + each["bias"] == pytest.approx(each["logit"], abs=1e-4)


def test_rows_of_a_table(iris_folder):
    desk = Desk(open_run(iris_folder))
    client = TestClient(make_app(desk), base_url="http://localhost:80")
    row, true, _ = desk.example(0)
    assert client.post("/predict", json={"inputs": [row[0].tolist()]}).json()["predictions"][0]["predicted"] == str(
        desk.decisions[0]
    )
    assert "true class not known" in client.post("/strip", json={"input": row[0].tolist()}).json()["html"]
    verdict = "✓ right" if str(desk.decisions[0]) == true else f"it is {true}"
    assert verdict in client.post("/strip", json={"test": 0}).json()["html"]
    assert len(client.get("/examples").json()["examples"][0]["values"]) == 4
    assert client.get("/").text.count('type="number"') == 4
    for given in ([1.0, 2.0], "aGVsbG8=", [1e300, 0, 0, 0]):
        refused = client.post("/predict", json={"inputs": [given]})
        assert refused.status_code == 422
        assert "expected" in refused.json()["error"]
    assert client.get("/self-test").status_code == 422


def test_health_and_prototypes(client, desk):
    health = client.get("/health").json()
    assert health["n_prototypes"] == len(desk.standing.run.classifier.prototype_labels_)
    assert health["n_test"] == len(desk.test)
    shown = client.get("/prototypes").json()["prototypes"]
    assert [each["prototype"] for each in shown] == list(range(health["n_prototypes"]))
    assert all(each["picture"].startswith("data:image/png;base64,") for each in shown)


def test_examples_are_called_by_their_names(tmp_path):
    generator = np.random.default_rng(0)
    lines = [f"{a:.3f},{b:.3f},{'high' if a > 0 else 'low'}" for a, b in generator.normal(size=(60, 2))]
    (tmp_path / "rows.csv").write_text("\n".join(["first,second,kind", *lines]))
    config = {"data": str(tmp_path / "rows.csv"), "data__label": "kind", "training__epochs": 1, "random_state": 0}
    fit_run(config_from(config), tmp_path / "run")
    client = TestClient(make_app(Desk(open_run(tmp_path / "run"))), base_url="http://127.0.0.1")
    shown = client.get("/examples").json()["examples"][0]
    line = int(shown["name"].removeprefix("line "))
    assert lines[line - 2].rsplit(",", 1)[1] == shown["true"]
    assert [float(value) for value in lines[line - 2].split(",")[:2]] == pytest.approx(shown["values"], abs=1e-6)
    assert re.search(rf"{shown['name']}\b", client.post("/strip", json={"test": shown["index"]}).json()["html"])


def test_names_are_escaped(drawn_folder):
    client = TestClient(make_app(Desk(open_run(drawn_folder))), base_url="http://127.0.0.1")
    for page in (
        client.get("/").text,
        client.get("/cards").json()["html"],
        client.post("/strip", json={"test": 0}).json()["html"],
    ):
        assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in client.get("/cards").json()["html"]
    named = client.post("/strip", json={"input": encoded(np.zeros((9, 9), np.uint8)), "name": "<b>bold</b>"}).json()[
        "html"
    ]
    assert "<b>bold" not in named
    assert "&lt;b&gt;bold" in named
    assert DANGEROUS in client.get("/health").json()["classes"]


def test_policy_lets_nothing_in(client):
    headers = client.get("/").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "access-control-allow-origin" not in headers
    assert client.get("/nothing").headers["x-content-type-options"] == "nosniff"


def test_other_sites_and_other_names_are_refused(client):
    assert client.get("/health", headers={"host": "evil.example"}).status_code == 403
    assert client.get("/health", headers={"host": "127.0.0.1.evil.example:8765"}).status_code == 403
    assert client.get("/health", headers={"host": "[::1]:8765"}).status_code == 200
    crossed = client.post("/save", headers={"origin": "http://evil.example"})
    assert crossed.status_code == 403
    cross = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert client.post("/save", headers=cross).status_code == 403
    assert client.get("/sizes", headers=cross).status_code == 403
    assert client.get("/", headers=cross).status_code == 403
    assert client.get("/", headers={**cross, "sec-fetch-mode": "navigate"}).status_code == 200
    # A page of another site can send text without asking; it is not read as JSON.
    plain = client.post("/predict", content=json.dumps({"inputs": ["a"]}), headers={"content-type": "text/plain"})
    assert plain.status_code == 422


def test_a_token_is_asked_for_beyond_loopback(desk):
    client = TestClient(make_app(desk, Limits(token="secret")), base_url="http://model.example")
    assert client.get("/health").status_code == 401
    assert client.get("/health", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/health", headers={"authorization": "Bearer secret"}).status_code == 200
    entered = client.get("/?token=secret", follow_redirects=False)
    assert entered.status_code == 303
    assert entered.headers["location"] == "/"
    assert "HttpOnly; SameSite=Strict" in entered.headers["set-cookie"]
    assert client.get("/health").status_code == 200


def bomb(width, height):
    """A PNG file of few bytes that unpacks to many pixels."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content) & 0xFFFFFFFF)
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(b"\0" * 1000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def as_base64(content):
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (as_base64(bomb(60000, 60000)), "pixels"),
        (as_base64(bomb(9000, 9000)), "pixels"),
        (as_base64(bomb(50, 50)), "cut short"),
        (as_base64(b"GIF89a nothing"), "picture"),
        (as_base64(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "PNG"),
        ("data:image/png;base64,", "picture"),
        ("not base64!", "base64"),
        ("", "picture"),
        ([1.0, 2.0], "base64"),
    ],
)
def test_what_is_no_picture_is_refused(client, given, told):
    refused = client.post("/predict", json={"inputs": [given]})
    assert refused.status_code == 422
    assert told in refused.json()["error"]
    assert client.get("/health").status_code == 200


def test_a_picture_that_tells_nonsense_of_itself_is_taken_as_it_is(client):
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(stream, format="JPEG", exif=exif)
    whole = stream.getvalue()
    begin = whole.index(b"Exif")
    generator = np.random.default_rng(0)
    for _ in range(200):
        broken = bytearray(whole)
        for place in generator.integers(begin + 6, begin + 40, 4):
            broken[place] = int(generator.integers(256))
        answer = client.post("/predict", json={"inputs": [as_base64(bytes(broken))]})
        assert answer.status_code in (200, 422), answer.text


def test_data_that_do_not_fit_are_not_used(digits_folder, monkeypatch):
    other = load_dataset("iris")
    monkeypatch.setattr("lookalike.serve.desk.learned_from", lambda run: other)
    desk = Desk(open_run(digits_folder))
    assert desk.test is None
    client = TestClient(make_app(desk), base_url="http://127.0.0.1")
    assert "are not used" in client.get("/").text
    assert client.get("/examples").json() == {"examples": []}


def test_pictures_together_are_limited(client, monkeypatch):
    monkeypatch.setattr("lookalike.serve.pictures.MOST_PIXELS", 150)
    picture = encoded(np.zeros((10, 10), np.uint8))
    assert client.post("/predict", json={"inputs": [picture]}).status_code == 200
    assert "pixels" in client.post("/predict", json={"inputs": [picture, picture]}).json()["error"]


def test_bodies_are_limited(desk):
    client = TestClient(make_app(desk, Limits(most_bytes=100)), base_url="http://127.0.0.1")
    assert client.post("/predict", content=b"a" * 101).status_code == 413

    def pieces():
        for _ in range(30):
            yield b"a" * 10

    assert client.post("/predict", content=pieces()).status_code == 413
    assert client.get("/health").status_code == 200


def test_requests_at_once_are_limited(desk):
    client = TestClient(make_app(desk, Limits(at_once=0)), base_url="http://127.0.0.1")
    refused = client.get("/health")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"


def test_slow_answers_are_given_up_and_count_until_they_end(desk, monkeypatch):
    ended = threading.Event()

    def slowly(inputs):
        ended.wait(20)
        return []

    picture = encoded(np.zeros((8, 8), np.uint8))
    monkeypatch.setattr(desk, "predict", slowly)
    keeper = make_app(desk, Limits(seconds=0.5, at_once=1))
    with TestClient(keeper, base_url="http://127.0.0.1") as client:
        assert client.post("/predict", json={"inputs": [picture]}).status_code == 503
        assert client.get("/health").status_code == 429
        ended.set()
        deadline = time.monotonic() + 20
        while client.get("/health").status_code == 429 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert client.get("/health").status_code == 200


def test_a_fault_harms_no_other_request(desk, monkeypatch):
    def break_down(inputs):
        raise RuntimeError("/home/somebody/secret.txt")

    picture = encoded(np.zeros((8, 8), np.uint8))
    monkeypatch.setattr(desk, "predict", break_down)
    client = TestClient(make_app(desk), base_url="http://127.0.0.1", raise_server_exceptions=False)
    broken = client.post("/predict", json={"inputs": [picture]})
    assert broken.status_code == 500
    assert "secret" not in broken.text
    assert client.post("/explain", json={"inputs": [picture]}).status_code == 200


def test_problems_are_worded(client):
    for answer in (
        client.post("/predict", json={"inputs": []}),
        client.post("/predict", json={"inputs": ["a"] * 65}),
        client.post("/predict", json={"inputs": ["a"], "path": "/etc/passwd"}),
        client.post("/predict", content=b"{", headers={"content-type": "application/json"}),
        client.post("/strip", json={}),
        client.post("/strip", json={"test": 10**6}),
        client.post("/strip", json={"test": 0, "input": "a"}),
        client.post("/strip", content=b'{"input": "\\ud800"}', headers={"content-type": "application/json"}),
        client.post("/blend", json={"test": 0, "prototype": 10**6}),
        client.get("/examples?seed=-1"),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.json().keys() == {"error"}
    assert client.get("/etc/passwd").status_code == 404
    assert client.get("/save").status_code == 405


def test_a_model_without_its_data(digits_folder, monkeypatch):
    monkeypatch.setattr("lookalike.serve.desk.learned_from", lambda run: None)
    client = TestClient(make_app(Desk(open_run(digits_folder))), base_url="http://127.0.0.1")
    assert client.get("/health").json()["n_test"] == 0
    assert client.get("/").status_code == 200
    assert client.get("/examples").json() == {"examples": []}
    effect = client.post("/changes/preview", json={"kind": "forget", "prototype": 0}).json()
    assert effect["n"] == 0
    assert effect["before"] is None
    assert client.post("/strip", json={"test": 0}).status_code == 422
    assert client.get("/self-test").status_code == 422


def test_description_is_whole(desk):
    described = bare_app(desk).openapi()
    paths = {"/predict", "/explain", "/prototypes", "/health", "/blend", "/changes", "/changes/preview", "/save"}
    assert paths <= described["paths"].keys()
