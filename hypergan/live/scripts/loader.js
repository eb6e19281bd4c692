// Stands in the page itself: offers the live figure, and loads its scripts on the click.
(function () {
  "use strict";
  const root = document.getElementById("@id");
  const read = (name) => JSON.parse(root.querySelector(`[data-live="${name}"]`).textContent);
  const offer = root.querySelector(".live-offer"), button = offer.querySelector("button");
  const note = offer.querySelector("[role=status]");

  /** Run a classic script: one of the page's folder, or one that the page carries as text. */
  function run({ src, text }) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      if (text) script.textContent = document.getElementById(text).textContent;
      else Object.assign(script, { src, onload: resolve, onerror: () => reject(new Error(src)) });
      document.head.append(script);
      if (text) resolve();
    });
  }

  button.addEventListener("click", async () => {
    button.disabled = true;
    note.textContent = "Loading …";
    root.classList.add("live-open"); // makes room at once, so that nothing moves under the reader later
    try {
      for (const part of read("parts")) await run(part);
      offer.hidden = true;
      globalThis.hypergan["@kind"](root.querySelector(".live-stage"), read("facts"));
      root.querySelector(".live-stage").focus();
    } catch (error) {
      root.classList.remove("live-open");
      offer.hidden = false;
      button.disabled = false;
      note.textContent = `This did not load (${error.message}). In Jupyter, run this cell first.`;
    }
  });
  offer.hidden = false;
})();
