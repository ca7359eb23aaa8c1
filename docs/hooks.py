"""What the documentation generates: the table of components from the registry, tables of results from results files."""

import base64
import json
import re
from pathlib import Path

from lookalike.experiments.overall import relation_lines, relations
from lookalike.experiments.study_results import studies_in
from lookalike.experiments.tables import experiment_table, study_section, study_table
from lookalike.registry import FAMILIES, members, options, plural

ROOT = Path(__file__).parents[1]


def component_table() -> str:
    """Every component of every family: its key, what it is, its options and their defaults."""
    lines = []
    for family in FAMILIES:
        lines += [f"## {plural(family).capitalize()}", "", "| name | what it is | options |", "|---|---|---|"]
        for key, cls in members(family).items():
            shown = [
                f"`{name}`" if value.default is value.empty else f"`{name}={value.default!r}`"
                for name, value in options(cls).items()
            ]
            lines.append(f"| `{key}` | {(cls.__doc__ or '').strip().splitlines()[0]} | {', '.join(shown)} |")
        lines.append("")
    return "\n".join(lines)


def benchmark_table() -> str:
    """Every ratio of every benchmark, and what is wanted of it."""
    lines = ["| what | median | from | to | wanted at most | command |", "|---|---|---|---|---|---|"]
    for file in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        results = json.loads(file.read_text(encoding="utf-8"))
        if "limits" not in results:
            continue
        for name, row in results["rows"].items():
            wanted = f"{results['limits'][name]:.3f}" if name in results["limits"] else ""
            figures = " | ".join(f"{row[key]:.3f}" for key in ("median", "min", "max"))
            lines.append(f"| {name} | {figures} | {wanted} | `python -m benchmarks.{results['benchmark']}` |")
    return "\n".join(lines)


def choices_table() -> str:
    """What a nearest-prototype classifier makes of examples that every method chose."""
    results = json.loads((ROOT / "benchmarks" / "results" / "choosing.json").read_text(encoding="utf-8"))
    sizes = sorted({row["examples"] for row in results["rows"]})
    spaces = ("activations", "pixels")
    found = {(row["method"], row["space"], row["examples"]): row for row in results["rows"]}
    columns = [(space, size) for space in spaces for size in sizes[:-1]]
    lines = [
        "| method | " + " | ".join(f"{space}, {size}" for space, size in columns) + " |",
        "|---" * (1 + len(columns)) + "|",
    ]
    first = columns[0]
    methods = {row["method"] for row in results["rows"] if row["examples"] == first[1]}
    for method in sorted(methods, key=lambda name: -found[name, *first]["accuracy"]):
        cells = [_with_range(found[method, *column]) for column in columns]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    whole = {row["space"]: row["accuracy"] for row in results["rows"] if row["examples"] == sizes[-1]}
    lines += [
        "",
        f"Test accuracy, mean over {results['seeds']} seeds of sample, network and choice, and their range. The "
        f"network itself: {results['network']:.3f}; the nearest of all 10,000: {whole['activations']:.3f} in "
        f"activations, {whole['pixels']:.3f} in pixels. Command: `python -m benchmarks.choosing`.",
    ]
    return "\n".join(lines)


def _with_range(row: dict) -> str:
    return f"{row['accuracy']:.3f} ({row['least']:.3f}-{row['most']:.3f})"


def choosing_speed_table() -> str:
    """How long choosing takes, and how that grows."""
    results = json.loads((ROOT / "benchmarks" / "results" / "choosing_speed.json").read_text(encoding="utf-8"))
    sizes = list(results["rows"][0]["seconds"])
    lines = [
        f"| method | {' | '.join(f'{int(size):,} points' for size in sizes)} | grows as | memory | plainly | ratio |",
        "|---" * (5 + len(sizes)) + "|",
    ]
    for row in results["rows"]:
        seconds = " | ".join(f"{value:.2f} s" for value in row["seconds"].values())
        lines.append(
            f"| {row['method']} | {seconds} | n^{row['exponent']:.2f} | {row['megabytes']} MB "
            f"| {row['straightforward_seconds']:.1f} s | {row['ratio']:.1f} |"
        )
    return "\n".join(lines)


def later_classes_table() -> str:
    """Accuracy on old and new classes after two come by five images each."""
    results = json.loads((ROOT / "benchmarks" / "results" / "later_classes.json").read_text(encoding="utf-8"))
    columns = {
        "before": "eight classes, before",
        "old": "these, after",
        "new": f"{results['new'][0]} and {results['new'][1]}",
        "all": "all ten",
    }
    lines = [f"| trained, new prototypes | {' | '.join(columns.values())} |", "|---" * (1 + len(columns)) + "|"]
    for row in results["rows"]:
        cells = [f"{mean:.3f} ({low:.3f}-{high:.3f})" for mean, low, high in (row[column] for column in columns)]
        lines.append(f"| {row['name']} | {' | '.join(cells)} |")
    lines += ["", f"Mean and range over {results['seeds']} seeds. Command: `python -m benchmarks.later_classes`."]
    return "\n".join(lines)


def choosing_stability_table() -> str:
    """Whether the same prototypes come again, chosen or learned."""
    results = json.loads((ROOT / "benchmarks" / "results" / "choosing_stability.json").read_text(encoding="utf-8"))
    lines = ["| prototypes | alike, beyond chance | 95% | the same images |", "|---|---|---|---|"]
    for row in sorted(results["rows"], key=lambda row: -row["alike"]):
        name = f"`{row['name']}`" if row["kind"] == "chosen" else f"**{row['name']}**"
        lines.append(f"| {name} | {row['alike']:.2f} | {row['low']:.2f} to {row['high']:.2f} | {row['same']:.2f} |")
    count = f"{results['repetitions']} repetitions each"
    lines += ["", f"{count}; intervals over pairs of them. Command: `python -m benchmarks.choosing_stability`."]
    return "\n".join(lines)


def omniglot_table() -> str:
    """Few-shot accuracy of every arm in every task, with 95% intervals, and what was published."""
    results = json.loads((ROOT / "benchmarks" / "results" / "omniglot.json").read_text(encoding="utf-8"))
    tasks = list(next(iter(results["arms"].values()))["tasks"])
    lines = [f"| what | {' | '.join(tasks)} | training |", f"|---|{'---|' * len(tasks)}---|"]
    for source, published in results["published"].items():
        lines.append(f"| {source} | {' | '.join(f'{published[task]:.1f}' for task in tasks)} | |")
    for name, arm in results["arms"].items():
        cells = [f"{row['accuracy']:.2f} [{row['low']:.2f}, {row['high']:.2f}]" for row in map(arm["tasks"].get, tasks)]
        budget = f"none: the network of *{arm['network of']}*" if "network of" in arm else ""
        budget = budget or f"{arm['episodes']:,} episodes, {arm['minutes']:.1f} minutes"
        lines.append(f"| {name} | {' | '.join(cells)} | {budget} |")
    return "\n".join(lines)


def serving_table() -> str:
    """What asking costs, and how the program bears many requests."""
    results = json.loads((ROOT / "benchmarks" / "results" / "serving.json").read_text(encoding="utf-8"))
    lines = ["| what | times the forward pass and nearest neighbors | from | to |", "|---|---|---|---|"]
    for name, row in results["rows"].items():
        lines.append(f"| {name} | {row['median']:.2f} | {row['min']:.2f} | {row['max']:.2f} |")
    half, most = (results["milliseconds"][quantile] for quantile in ("50", "95"))
    answers = "; ".join(f"{kind.replace(':', ', status')}: {count:,}" for kind, count in results["answers"].items())
    lines += [
        "",
        f"{results['requests']:,} requests to `/explain` by {results['clients']} clients on two cores: half of the "
        f"answers within {half:.0f} ms, 95% within {most:.0f} ms. Answers: {answers}. Memory after each tenth of them: "
        f"{', '.join(str(each) for each in results['megabytes'])} MB. Command: `python -m benchmarks.serving`.",
    ]
    return "\n".join(lines)


def wrong_prediction() -> str:
    """One wrong decision of the demo's model, step by step."""
    found = json.loads((ROOT / "benchmarks" / "results" / "wrong_prediction.json").read_text(encoding="utf-8"))
    true, predicted = found["true"], found["predicted"]
    forgotten, added = (
        f"of {effect['n']} validation examples {effect['mended']} mended, {effect['spoiled']} spoiled"
        for effect in (found["effects"]["forgotten"], found["effects"]["added"])
    )
    steps = [
        f"**The verdict.** Test example {found['example']} is given to *{predicted}* with {found['probability']:.1%}; "
        f"it is {true}. A probability alone would end here: the model is sure.",
        f"**How much alike?** Measured similarity to the nearest prototype, {found['prototype']}, is "
        f"{found['similarity']:.2f}. Alone that says little. On the axis it stands left of the hill: "
        f"{found['less_than']:.0%} of the validation inputs were more like their nearest prototype.",
        f"**Alike in what?** To meet the input, the prototype is moved and changed ({found['in_words']}), and even so "
        f"the two correlate by {found['correlation']:.2f} in pixels. The small grey picture shows what is left over: a "
        f"straight bar on top. The nearest real examples of the prototype are ordinary {predicted}s, and none has it.",
        f"**Against.** Prototype {found['rival']} of {true} comes out at {found['rival_similarity']:.2f}; it would "
        f"have won from {found['flip']:.2f} on. Blend the input into it: from a share of {found['turns_at']:.0%} on it "
        f"is called {true}.",
        f"**What if?** Forgetting prototype {found['prototype']}: {forgotten}. Adding this picture as one more "
        f"prototype of {true}: {added}. So the one example does not stand for a gap that validation examples know of; "
        "the page says so before anything is changed.",
        f"**What to trust.** Move the threshold: where the 5% least alike are declined, {found['wrong_declined']} of "
        f"the {found['wrong']} wrong test examples are, and {found['right_declined']} of the {found['right']} right "
        f"ones. This one {'is, too' if found['declined'] else 'is not'}.",
    ]
    lines = [f"{place}. {text}" for place, text in enumerate(steps, 1)]
    return "\n".join([*lines, "", "Command: `make demo`, then `python -m benchmarks.wrong_prediction runs/demo`."])


def study(name: str) -> str:
    """One study: its figure and its tables."""
    found = next((pair for pair in studies_in(ROOT / "experiments") if pair[0].name == name), None)
    if found is None:
        raise LookupError(f"a page shows the study {name}, which experiments/ has not")
    figures = (ROOT / "experiments" / "figures" / f"{name}{ending}.svg" for ending in ("", "_pairs"))
    drawn = [_drawn(figure, f"{found[0].title}: every run a dot") for figure in figures if figure.exists()]
    return "\n".join([*drawn, *study_section(*found)])


def _drawn(figure: Path, alternative: str) -> str:
    """An SVG within the page."""
    content = base64.b64encode(figure.read_bytes()).decode()
    return f'<img src="data:image/svg+xml;base64,{content}" alt="{alternative}">\n'


def nice_against_true() -> str:
    """Over the arms of all studies: the figure, and rank correlations."""
    figure = ROOT / "experiments" / "figures" / "nice_against_true.svg"
    drawn = [_drawn(figure, "Every arm a dot: nice from left to right, true upwards")] if figure.exists() else []
    return "\n".join([*drawn, *relation_lines(relations(studies_in(ROOT / "experiments")))])


def binding_families_table() -> str:
    """What prototypes explain of digits, and whether models bind, up to larger and larger deformations."""
    results = json.loads((ROOT / "benchmarks" / "results" / "binding_families.json").read_text(encoding="utf-8"))
    runs = results["runs"]
    lines = [
        "| pictures that may meet a digit | " + " | ".join(f"{run}: explained | BIND" for run in runs) + " |",
        "|---" * (1 + 2 * len(runs)) + "|",
    ]
    for family in next(iter(runs.values())):
        cells = [f"{runs[run][family]['explained']:.3f} | {runs[run][family]['bind']:.3f}" for run in runs]
        lines.append(f"| {family} | {' | '.join(cells)} |")
    command = f"python -m benchmarks.binding_families {' '.join(f'runs/{run}' for run in runs)}"
    return "\n".join([*lines, "", f"Command: `{command}`; how the runs were made is in its text."])


def nearest_examples_table() -> str:
    """How much of prototypes that began at photographs still is one."""
    results = json.loads((ROOT / "benchmarks" / "results" / "nearest_examples.json").read_text(encoding="utf-8"))
    lines = ["| run | correlation with the nearest training image of the class: median | quartiles |", "|---|---|---|"]
    runs = results["quartiles"]
    rows = {run: found["prototypes"] for run, found in runs.items()}
    rows["test images"] = next(iter(runs.values()))["test images"]
    lines += [f"| {name} | {median:.2f} | {low:.2f} to {high:.2f} |" for name, (low, median, high) in rows.items()]
    command = f"python -m benchmarks.nearest_examples {' '.join(f'runs/{run}' for run in runs)}"
    return "\n".join([*lines, "", f"Command: `{command}`; how the runs were made is in its text."])


MADE = {
    "components": component_table,
    "experiments": lambda: experiment_table(ROOT / "experiments"),
    "benchmarks": benchmark_table,
    "choices": choices_table,
    "choosing speed": choosing_speed_table,
    "omniglot": omniglot_table,
    "later classes": later_classes_table,
    "choosing stability": choosing_stability_table,
    "serving": serving_table,
    "wrong prediction": wrong_prediction,
    "binding families": binding_families_table,
    "nearest examples": nearest_examples_table,
    "nice against true": nice_against_true,
    "studies": lambda: study_table(ROOT / "experiments"),
}


def _filled(mark: re.Match[str]) -> str:
    name = mark[1]
    if name.startswith("study "):
        return study(name.removeprefix("study "))
    return MADE[name]() if name in MADE else mark[0]


def on_page_markdown(markdown: str, page: object, config: object, files: object) -> str:
    """Fill the marks in a page; what stands behind a mark, for those who read the file itself, goes."""
    return re.sub(r"<!-- ([\w ]+) -->.*", _filled, markdown)
