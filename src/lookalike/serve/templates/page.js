"use strict";
// The page of `lookalike serve`: asks the program that serves it, and nobody else.

const find = (name) => document.getElementById(name);
const known = JSON.parse(find("known").textContent);
const state = { question: null, steps: [], draws: 0, proposal: null, sizes: [], drawn: false };

async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  const isJson = (answer.headers.get("content-type") || "").includes("json");
  const content = isJson ? await answer.json() : await answer.text();
  if (!answer.ok) throw new Error(content.error || `the program answered ${answer.status}`);
  return content;
}

let silence = 0;
function say(text) {
  find("notice").textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => { find("notice").textContent = ""; }, 9000);
}

// Whatever a person sets off: its errors are said, and nothing else happens.
const safely = (work) => async (...given) => {
  try { await work(...given); } catch (error) { say(error.message); }
};

const on = (name, event, work) => { const element = find(name); if (element) element.addEventListener(event, safely(work)); };
const percent = (share) => `${(100 * share).toFixed(1)}%`;

function make(name, attributes, ...inside) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

function read(file) {
  return new Promise((resolve, reject) => {
    if (file.size > 8 * 1024 * 1024) return reject(new Error(`expected a picture of at most 8 MiB, got ${file.name}`));
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error(`${file.name} cannot be read`));
    return reader.readAsDataURL(file);
  });
}

const pictures = (files) => [...files].filter((file) => file.type.startsWith("image/"));

// ---- a line of values, and where one stands on it

function draw(svg, values, place, low, high) {
  const across = (index) => 6 + (228 * index) / Math.max(values.length - 1, 1);
  const up = (value) => 66 - (58 * (value - low)) / Math.max(high - low, 1e-9);
  const shape = (name, attributes, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.textContent = text;
    return element;
  };
  svg.replaceChildren(
    shape("line", { x1: 6, x2: 234, y1: 66, y2: 66 }),
    shape("polyline", { points: values.map((value, index) => `${across(index)},${up(value)}`).join(" ") }),
    shape("circle", { cx: across(place), cy: up(values[place]), r: 4 }),
    shape("text", { x: 6, y: 78 }, low.toFixed(2)),
    shape("text", { x: 234, y: 78, "text-anchor": "end" }, `to ${high.toFixed(2)}, bottom to top`),
  );
}

// ---- asking

// Answers may overtake each other: only that to the last question is shown.
const turns = { answer: 0, blend: 0 };

async function answer() {
  if (!state.question) return;
  const turn = ++turns.answer;
  const asked = { ...state.question };
  if (find("most")) asked.most = Number(find("most").value);
  if (find("coverage")) asked.coverage = 1 - Number(find("coverage").value) / 100;
  find("answer").classList.add("busy");
  try {
    const { html } = await ask("strip", asked);
    if (turn !== turns.answer) return;
    find("answer").innerHTML = html;
    await offerBlend();
  } catch (error) {
    if (turn === turns.answer) { find("answer").textContent = error.message; find("blending").hidden = true; }
    throw error;
  } finally {
    if (turn === turns.answer) find("answer").classList.remove("busy");
  }
}

async function askAbout(question) {
  state.question = question;
  await answer();
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  find("answer").scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

const askFile = async (file) => {
  if (!file) throw new Error("expected a picture, got something else");
  await askAbout({ input: await read(file), name: (file.name || "your picture").slice(0, 60) });
};

on("file", "change", (event) => askFile(pictures(event.target.files)[0]));
document.addEventListener("paste", safely(async (event) => {
  const files = pictures(event.clipboardData.files);
  if (files.length) { event.preventDefault(); await askFile(files[0]); }
}));

function droppable(name, work) {
  const element = find(name);
  if (!element) return;
  element.addEventListener("dragover", (event) => { event.preventDefault(); element.classList.add("over"); });
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", safely(async (event) => {
    event.preventDefault();
    element.classList.remove("over");
    await work(pictures(event.dataTransfer.files));
  }));
}
droppable("drop", (files) => askFile(files[0]));

on("ask-row", "click", () => {
  const fields = [...document.querySelectorAll("#row input")];
  return askAbout({ input: fields.map((field) => field.valueAsNumber), name: "your row" });
});

async function examples() {
  if (!find("examples")) return;
  const wrong = find("only-wrong").checked;
  const { examples: found } = await ask(`examples?only_wrong=${wrong}&seed=${state.draws}`);
  find("examples").replaceChildren(...found.map((each) => {
    const missed = each.true !== each.predicted;
    const label = `${each.name}, ${each.true}${missed ? `, taken for ${each.predicted}` : ""}`;
    const inside = each.picture ? make("img", { src: each.picture, alt: "", class: "pixels" }) : each.name;
    const kind = `${missed ? "missed" : ""}${each.picture ? "" : " of-row"}`;
    const button = make("button", { type: "button", title: label, "aria-label": label, class: kind }, inside);
    button.addEventListener("click", safely(async () => {
      const fields = document.querySelectorAll("#row input");
      fields.forEach((field, place) => { field.value = each.values[place]; });
      await askAbout({ test: each.index });
    }));
    return button;
  }));
  if (!found.length) find("examples").textContent = "There are none.";
}
on("others", "click", () => { state.draws += 1; return examples(); });
on("only-wrong", "change", examples);

// ---- drawing

const canvas = find("canvas");
if (canvas) {
  const pen = canvas.getContext("2d");
  const [ground, ink] = canvas.dataset.dark === "yes" ? ["#000", "#fff"] : ["#fff", "#000"];
  const clear = () => { pen.fillStyle = ground; pen.fillRect(0, 0, canvas.width, canvas.height); state.drawn = false; };
  clear();
  // A stroke about two pixels wide in what the model takes, as in pictures of 28; never thinner than one.
  const width = Math.max(16, (1.2 * canvas.width) / Number(canvas.dataset.side));
  Object.assign(pen, { strokeStyle: ink, lineWidth: width, lineCap: "round", lineJoin: "round" });
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    state.drawn = true;
    pen.beginPath();
    pen.moveTo(...at(event));
    pen.lineTo(...at(event));
    pen.stroke();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    pen.lineTo(...at(event));
    pen.stroke();
  });
  on("clear", "click", clear);
  on("ask-drawing", "click", () => {
    if (!state.drawn) throw new Error("expected a drawing, got an empty one; draw something first");
    return askAbout({ input: canvas.toDataURL("image/png"), name: "your drawing" });
  });
}

// ---- sliders

function showSliders() {
  const most = find("most");
  if (most) {
    const right = state.sizes[Number(most.value) - 1];
    find("most-shown").textContent = most.value + (right === undefined ? "" : `; right on ${percent(right)} of validation examples`);
  }
  const coverage = find("coverage");
  if (coverage) {
    const place = Math.min(Number(coverage.value), known.curve.length - 1);
    find("coverage-shown").textContent = `${coverage.value}%; right on ${percent(known.curve[place].accuracy)} of the others, by the model as it was opened`;
    const values = known.curve.map((each) => each.accuracy);
    draw(find("curve"), values, place, Math.min(...values), 1);
  }
}
async function sizes() {
  if (!find("most")) return;
  state.sizes = (await ask("sizes")).accuracies;
  showSliders();
}
for (const name of ["most", "coverage"]) {
  on(name, "input", showSliders);
  on(name, "change", answer);
}

// ---- blending

async function offerBlend() {
  const figures = [...document.querySelectorAll("#answer [data-prototype]")].filter((each) => each.querySelector("img"));
  const own = document.querySelector("#answer .query img");
  find("blending").hidden = !figures.length || !own;
  if (find("blending").hidden) return;
  find("blend-from").src = own.src;
  find("blend-prototype").replaceChildren(...figures.map((each) => {
    const option = make("option", { value: each.dataset.prototype }, each.dataset.prototype);
    option.picture = each.querySelector("img").src;
    return option;
  }));
  await blend();
}

async function blend() {
  const { input, test } = state.question;
  const turn = ++turns.blend;
  const chosen = find("blend-prototype").selectedOptions[0];
  const { steps } = await ask("blend", { input, test, prototype: Number(chosen.value) });
  if (turn !== turns.blend) return;
  state.steps = steps;
  find("blend-to").src = chosen.picture;
  find("share").value = 0;
  showBlend();
}

function showBlend() {
  const place = Number(find("share").value);
  const step = state.steps[place];
  const values = state.steps.map((each) => each.similarity);
  find("blend-to").style.opacity = step.share;
  find("share-shown").textContent = `${Math.round(100 * step.share)}%`;
  find("blend-said").textContent = `Measured similarity ${step.similarity.toFixed(2)}; ${step.predicted}, ${percent(step.probability)}.`;
  draw(find("trace"), values, place, Math.min(...values), Math.max(...values));
}
on("blend-prototype", "change", blend);
on("share", "input", showBlend);

// ---- changing prototypes

async function showCards() {
  find("cards").innerHTML = (await ask("cards")).html;
  on("undo", "click", async () => {
    try {
      await ask(`changes/last?version=${find("undo").dataset.version}`, undefined, "DELETE");
    } finally {
      await changed();
    }
  });
  on("save", "click", async () => { say(`saved as ${(await ask("save", undefined, "POST")).folder}, beside the run`); });
}

async function changed() {
  await showCards();
  const page = new DOMParser().parseFromString(await ask("."), "text/html");
  for (const name of ["told", "add-to"]) {
    if (find(name)) find(name).innerHTML = page.getElementById(name).innerHTML;
  }
  const [most, now] = [find("most"), page.getElementById("most")];
  if (most) {
    most.max = now ? now.max : 1;
    most.value = most.max;
  }
  await sizes();
  await answer();
  find("prototypes-title").focus();
}

async function propose(change) {
  const effect = await ask("changes/preview", change);
  state.proposal = { ...change, version: effect.version };
  find("effect-title").textContent = effect.asked;
  const before = document.querySelector(`#prototype-${change.prototype} .top img`);
  const own = ["replace", "add"].includes(change.kind) ? document.querySelector("#answer .query img") : null;
  const shown = [before, own].filter((each) => each).map((each) => make("img", { src: each.src, alt: each.alt, class: "pixels" }));
  find("effect-pictures").replaceChildren(...shown);
  find("effect-said").textContent = effect.n
    ? `Right on ${percent(effect.before)} of ${effect.n} validation examples now, on ${percent(effect.after)} then: ${effect.mended} mended, ${effect.spoiled} spoiled.`
    : "There are no validation examples to measure its effect on.";
  find("effect").showModal();
}

const asked = () => {
  if (!state.question) throw new Error("ask about the input first that is to become a prototype");
  const { input, test } = state.question;
  return input === undefined ? { test } : { inputs: [input] };
};

find("cards").addEventListener("click", safely(async (event) => {
  const button = event.target.closest("button[data-change]");
  if (!button) return;
  const change = { kind: button.dataset.change, prototype: Number(button.dataset.prototype) };
  await propose(change.kind === "replace" ? { ...change, ...asked() } : change);
}));
on("add", "click", () => propose({ kind: "add", class_name: find("add-to").value, ...asked() }));
on("accept", "click", async () => {
  find("effect").close();
  try {
    await ask("changes", state.proposal);
    if (state.proposal.kind === "add_class") { find("class-name").value = ""; find("class-files").value = ""; }
  } finally {
    await changed();
  }
});
on("leave", "click", () => find("effect").close());

async function addClass(files) {
  const name = find("class-name").value.trim();
  if (!name) throw new Error("expected the name of the class, got none");
  if (!files.length) throw new Error("expected pictures of the class, got none");
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > 11 * 1024 * 1024) throw new Error("expected pictures of at most 11 MiB together, got more; try: fewer, or smaller ones");
  await propose({ kind: "add_class", class_name: name, inputs: await Promise.all(files.map(read)) });
}
on("add-class", "click", () => addClass(pictures(find("class-files").files)));
droppable("drop-class", addClass);

// ---- the self-test

on("begin", "click", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;
  const { trials } = await ask(`self-test?seed=${seed}`);
  const answers = [];
  const next = safely(async () => {
    if (answers.length >= trials.length) return finish(seed, answers);
    const trial = trials[answers.length];
    const said = make("p", { class: "small" }, `${answers.length + 1} of ${trials.length}: which of the two did the model match with the prototype on the left?`);
    const choices = trial.choices.map((source, place) => {
      const word = place ? "the right one" : "the left one";
      const button = make("button", { type: "button", "aria-label": word }, make("img", { src: source, class: "pixels", alt: word }));
      button.addEventListener("click", () => { if (answers.length < trials.length) answers.push(place); next(); });
      return button;
    });
    find("trial").replaceChildren(said, make("div", { class: "trial" }, make("img", { src: trial.prototype, class: "pixels", alt: "the prototype" }), ...choices));
    choices[0].focus();
  });
  await next();
});

async function finish(seed, answers) {
  const result = await ask("self-test", { seed, answers });
  const chance = result.by_chance < 0.001 ? "less than 0.1%" : percent(result.by_chance);
  find("trial").replaceChildren(
    make("p", {}, make("b", {}, `${result.right} of ${result.of} right.`), ` Somebody who guesses gets so many or more in ${chance} of all tries. The result is kept beside the model that was opened.`),
  );
}

showSliders();
safely(sizes)();
safely(showCards)();
safely(examples)();
