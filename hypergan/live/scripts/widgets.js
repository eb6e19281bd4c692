// What the live figures are built of.
(function () {
  "use strict";
  const hypergan = globalThis.hypergan;

  /** An element with attributes, listeners (functions) and children. */
  function element(tag, attributes = {}, ...children) {
    const result = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") result.addEventListener(name, value);
      else if (value === true) result.setAttribute(name, "");
      else if (value !== false) result.setAttribute(name, value);
    }
    result.append(...children);
    return result;
  }

  /** An element of a drawing. */
  function drawing(tag, attributes = {}, ...children) {
    const result = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) result.setAttribute(name, value);
    result.append(...children);
    return result;
  }

  /** Let a stage show pictures of these sheets by their names. */
  function sheets(stage, named) {
    for (const [name, { address }] of Object.entries(named))
      stage.style.setProperty(`--sheet-${name}`, `url(${address})`);
  }

  /** One picture of a sheet, for the eye alone unless it is given words. */
  function picture(name, { across, down }, index, words) {
    const part = (place, many) => `${(100 * place) / Math.max(1, many - 1)}%`;
    const style = `background: var(--sheet-${name}) ${part(index % across, across)} ` +
      `${part(Math.floor(index / across), down)} / ${100 * across}% ${100 * down}%`;
    const spoken = words ? { role: "img", "aria-label": words } : { "aria-hidden": "true" };
    return element("span", { class: "live-picture", style, ...spoken });
  }

  /** A group of radio buttons; `choose` is called with the index of the chosen one. */
  function choice(words, names, choose) {
    const group = `live-${Math.random().toString(36).slice(2)}`;
    const option = (name, index) => {
      const checked = index === 0, change = () => choose(index);
      return element("label", {}, element("input", { type: "radio", name: group, checked, change }), name);
    };
    return element("fieldset", {}, element("legend", {}, words), ...names.map(option));
  }

  /** A box to tick; `change` is called with whether it is. */
  function tick(words, checked, change) {
    const tell = () => change(box.checked), box = element("input", { type: "checkbox", checked, change: tell });
    return element("label", {}, box, words);
  }

  /** Call `draw` now, and whenever the size of an element or the page's theme changes. */
  function whenever(place, draw) {
    new ResizeObserver(draw).observe(place);
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /** Let the page answer and paint before the work goes on. */
  const pause = () => new Promise((resolve) => setTimeout(resolve));

  /** A number with a true minus. */
  const format = (value, digits) => value.toFixed(digits).replace("-", "\u2212");

  /** Where numbers came from, in a line. */
  const source = ({ method, dataset, seed, profile, changes, commit }) =>
    [`${profile}/${dataset}/${method}/seed${seed}`, changes && `(${changes})`, `of commit ${commit.slice(0, 12)}`]
      .filter(Boolean).join(" ");

  hypergan.widgets = { element, drawing, sheets, picture, choice, tick, whenever, pause, format, source };
})();
