// Figure 5, live: attacked images by eps, and what each ensemble says of them.
(function () {
  "use strict";
  const hypergan = globalThis.hypergan;
  const { element, sheets, picture, format, source } = hypergan.widgets;

  hypergan.attacked = function (stage, facts) {
    const records = facts.records.map((name) => hypergan.numbers[name]);
    const { eps, sheet: { across: count } } = records[0];
    const state = { number: 0, eps: 0 };
    sheets(stage, Object.fromEntries(records.map(({ sheet }, index) => [index, sheet])));

    /** Each ensemble that was shown attacked images, those that were attacked first. */
    const asked = records.flatMap(({ title, tested }, record) =>
      Object.entries(tested).map(([which, answers]) => {
        const words = `${answers.networks} ${which === "same" ? "attacked" : "new"}`;
        return { record, answers, words, name: `${title}, ${words}` };
      }));

    /** The right class of an image, known where an ensemble answers rightly. */
    const right = (number) => {
      for (const { answers: { softmax, wrong } } of asked)
        for (let at = 0; at < eps.length; at++)
          if (!wrong[at][number]) return ` (${facts.classes[top(softmax[at][number])]})`;
      return "";
    };
    const top = (softmax) => softmax.indexOf(Math.max(...softmax));

    // The controls

    const shown = (record) => picture(record, records[record].sheet, state.eps * count + state.number);
    const clean = Array.from({ length: count }, (_, number) =>
      element("button", { type: "button", "aria-label": `image ${number + 1}${right(number)}`,
        click: () => change({ number }) }, picture(0, records[0].sheet, number)));
    const value = element("output", {});
    const slider = element("input", {
      type: "range", min: 0, max: eps.length - 1, value: 0,
      "aria-label": "eps, the largest change of a pixel",
      input: () => change({ eps: Number(slider.value) }),
    });
    const status = element("p", { role: "status", class: "live-status live-short" });

    // What each ensemble says

    const cells = (make) => asked.map(make), heading = (scope, words) => element("th", { scope }, words);
    const attacked = records.map((_, record) =>
      element("th", { scope: "colgroup", colspan: asked.filter((each) => each.record === record).length }));
    const row = (words) => element("tr", {}, heading("row", words), ...cells(() => element("td")));
    const rows = facts.classes.map(row), entropies = row("entropy"), verdicts = row("answer");
    const table = element("table", { class: "live-votes live-attacked" },
      element("caption", {}, "The image that PGD on each method's own networks made, and below the probabilities ",
        "that those networks and new ones give it; entropy in nats"),
      element("thead", {}, element("tr", {}, element("td"), ...attacked),
        element("tr", {}, heading("col", "class"), ...cells(({ words }) => heading("col", words)))),
      element("tbody", {}, ...rows, verdicts, entropies));

    function change(what) {
      Object.assign(state, what);
      const { number, eps: at } = state;
      value.textContent = `eps ${eps[at]}`;
      slider.setAttribute("aria-valuetext", String(eps[at]));
      clean.forEach((button, index) => button.setAttribute("aria-pressed", String(index === number)));
      attacked.forEach((head, record) => head.replaceChildren(shown(record), records[record].title));
      const said = asked.map(({ answers, name }, column) => {
        const softmax = answers.softmax[at][number], wrong = answers.wrong[at][number];
        const first = top(softmax), entropy = format(answers.entropy[at][number], 2);
        const cell = (row) => row.querySelectorAll("td")[column];
        rows.forEach((row, c) => {
          cell(row).textContent = format(softmax[c], 2);
          cell(row).className = c === first ? "live-here" : "";
          cell(row).style.setProperty("--part", `${100 * softmax[c]}%`);
        });
        cell(entropies).textContent = entropy;
        cell(verdicts).replaceChildren(element("abbr", { title: wrong ? "wrong" : "right" }, wrong ? "✗" : "✓"));
        return `${name}: ${facts.classes[first]} with ${format(softmax[first], 2)}, ` +
          `${wrong ? "wrong" : "right"}, entropy ${entropy}`;
      });
      status.textContent = `Image ${number + 1}${right(number)} at eps ${eps[at]}. ${said.join("; ")}.`;
    }

    stage.append(
      element("div", { class: "live-pictures live-few", role: "group", "aria-label": "Images to pick" }, ...clean),
      element("div", { class: "live-row" }, value, slider),
      element("div", { class: "live-wide", role: "region", tabindex: 0, "aria-label": "Answers by class" }, table),
      status,
      element("p", { class: "live-note" },
        `The first ${count} of the attacked images, by PGD that stops once all attacked networks are fooled. `,
        `Records: ${records.map(source).join("; ")}.`));
    change({ eps: 0 });
  };
})();
