"use strict";
// What a report can do beyond being read: pictures larger at a click, and explained examples of one class alone.

const dialog = document.createElement("dialog");
const large = document.createElement("img");
const caption = document.createElement("p");
large.className = "pixels large";
dialog.append(large, caption);
dialog.addEventListener("click", () => dialog.close());
document.addEventListener("click", (event) => {
  const picture = event.target.closest("img.pixels");
  if (!picture || picture.closest("a, dialog")) return;
  large.src = picture.src;
  large.alt = picture.alt;
  caption.textContent = picture.title || picture.alt;
  document.body.append(dialog);
  dialog.showModal();
});

const strips = [...document.querySelectorAll("article.strip[data-predicted]")];
const place = document.getElementById("choose-class");
if (place && strips.length) {
  const names = [...new Set(strips.flatMap((each) => [each.dataset.true, each.dataset.predicted]))].filter((name) => name).sort();
  const choice = document.createElement("select");
  choice.append(...["all classes", ...names].map((name) => new Option(name)));
  choice.addEventListener("change", () => {
    const wanted = choice.selectedIndex ? choice.value : null;
    for (const each of strips) each.hidden = wanted !== null && ![each.dataset.true, each.dataset.predicted].includes(wanted);
  });
  const label = document.createElement("label");
  label.append("Examples that are, or were given to: ", choice);
  place.append(label);
}
