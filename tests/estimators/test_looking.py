"""What a classifier shows of itself: in a notebook, as figures, as a report."""

import json
import re

import numpy as np
import pytest
from sklearn.datasets import load_iris

from lookalike.data import load_dataset
from lookalike.errors import DataError, ParameterError
from lookalike.estimators import PrototypeClassifier
from lookalike.report.contents import bars


@pytest.fixture(scope="module")
def digits():
    data = load_dataset("digits")
    return data.train.inputs[:400], data.train.labels[:400], data.test.inputs[:60], data.test.labels[:60]


@pytest.fixture(scope="module")
def classifier(digits):
    return PrototypeClassifier(training__epochs=3, prototypes__n_per_class=2, random_state=0).fit(*digits[:2])


def test_explained_inputs_render_themselves(classifier, digits):
    shown = classifier.show(digits[2][:4], digits[3][:4])
    assert len(shown) == 4
    assert [each.explanation.predicted for each in shown] == [str(each) for each in classifier.predict(digits[2][:4])]
    page = shown._repr_html_()
    assert page.count('<article class="strip') == 4
    assert shown[1:3]._repr_html_().count('<article class="strip') == 2
    assert "<article" not in shown[2:2]._repr_html_()
    assert 'class="card"' not in shown[2:2]._repr_html_()
    one = shown[0]
    assert one._repr_html_().count('<article class="strip') == 1
    assert repr(one).startswith(f"<input 0: {one.explanation.predicted}, ")
    assert repr(shown[:1]) == f"[{one!r}]"


def test_what_contributes_nothing_is_no_reason(classifier, digits):
    # Two prototypes of every class, and a head in which others contribute nothing.
    for explanation in classifier.explain(digits[2][:20]):
        first, *reasons = str(explanation).splitlines()
        assert first.startswith(f"{explanation.predicted} with probability {explanation.probability:.3f}, runner-up ")
        shown = [
            *(match.prototype for match in explanation.reasons()),
            *([explanation.flip.prototype] if explanation.flip else []),
        ]
        assert [int(line.split()[1].rstrip(":")) for line in reasons] == shown
        reasons = explanation.reasons(3)
        assert {match.class_name for match in reasons} == {explanation.predicted}
        assert 1 <= len(reasons) <= 2
        total = sum(match.contribution for match in reasons) + explanation.others(len(reasons)) + explanation.bias
        assert total == pytest.approx(explanation.logit, abs=1e-4)
        assert [bar["label"] for bar in bars(explanation)][-1] == "all others"
        assert len(bars(explanation)) == len(reasons) + 1


def test_a_style_stays_inside(classifier, digits):
    page = classifier.show(digits[2][:1])._repr_html_()
    style = page.split("<style>")[1].split("</style>")[0].strip()
    assert style.startswith(".lookalike {")
    assert style.endswith("}")
    assert style.count("{") == style.count("}")
    assert ":root" not in style
    assert not re.search(r"^\s*body\b", style, re.MULTILINE)
    assert "<script" not in page


def test_prototypes_render_themselves(classifier):
    shown = classifier.show_prototypes()
    page = shown._repr_html_()
    assert page.count('class="card" id="prototype-') == len(classifier.prototypes_)
    assert repr(shown) == f"<{len(classifier.prototypes_)} prototypes of 10 classes>"
    figure = shown.plot()
    drawn = [panel.images[0].get_array() for panel in figure.axes if panel.images]
    assert len(drawn) == len(classifier.prototypes_)
    assert np.array_equal(drawn[0], shown.contents.pictures[0])


def test_an_explanation_is_plotted(classifier, digits, tmp_path):
    shown = classifier.show(digits[2][:1], digits[3][:1])[0]
    figure = shown.plot()
    assert np.array_equal(figure.axes[0].images[0].get_array(), shown.example.picture)
    titles = [panel.get_title() for panel in figure.axes]
    for match in shown.explanation.reasons():
        assert f"prototype {match.prototype}, class {match.class_name}" in titles
    figure.savefig(tmp_path / "figure.pdf")
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")


def test_a_scorecard_renders_itself(classifier, digits):
    card = classifier.scorecard(*digits[2:], digits[:2], rows=["ACC", "SIZE"])
    page = card._repr_html_()
    assert page.startswith(f"<p><b>{card.verdict}</b>")
    assert f"<th>ACC</th><td>{card.row('ACC').value:.3f}</td>" in page


def test_a_classifier_reports(classifier, digits, tmp_path):
    card = classifier.scorecard(*digits[2:], digits[:2], rows=["ACC"])
    told = {"title": "Digits <&>", "card": card, "making": {"by": "hand"}}
    file = classifier.report(tmp_path / "r.html", *digits[2:], **told)
    page = file.read_text()
    assert "<h1>Digits &lt;&amp;&gt;</h1>" in page
    classifier.report(
        tmp_path / "r.json", *digits[2:], title="Digits <&>", card=card, making={"by": "hand"}, kind="json"
    )
    figures = json.loads((tmp_path / "r.json").read_text())
    assert json.loads(page.split('id="data">')[1].split("</script>")[0]) == figures
    assert figures["quality"]["accuracy"] == classifier.score(*digits[2:])
    assert figures["making"] == {"by": "hand"}
    for name, kind in (("r", "docx"), ("r.docx", "")):
        with pytest.raises(ParameterError, match="docx"):
            classifier.report(tmp_path / name, *digits[2:], kind=kind)
    with pytest.raises(DataError, match="labels among"):
        classifier.report(tmp_path / "r", digits[2], np.full(60, 11))
    with pytest.raises(DataError, match="names and classes"):
        classifier.show(digits[2][:2], [1])


def test_a_table_keeps_the_names_of_its_columns(tmp_path):
    X, y = load_iris(return_X_y=True, as_frame=True)
    made = PrototypeClassifier(training__epochs=2, random_state=0).fit(X, y)
    file = made.report(tmp_path / "r.html", X, y)
    assert "petal width (cm)" in file.read_text()
    shown = made.show(X[:2], y[:2])
    assert "petal width (cm)" in shown._repr_html_()
    assert made.feature_names_in_.tolist() == X.columns.tolist()
    with pytest.raises(DataError, match="a row of a table"):
        shown[0].plot()
    with pytest.raises(DataError, match="pictures"):
        made.show_prototypes().plot()
    with pytest.raises(ValueError, match="feature names"):
        made.report(tmp_path / "r.html", X.rename(columns={X.columns[0]: "other"}), y)
