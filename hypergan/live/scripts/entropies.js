// Figures 3 and 4, live: the images along an entropy curve, and what each ensemble says of them.
(function () {
  "use strict";
  const hypergan = globalThis.hypergan;
  const { element, drawing, choice, sheets, picture, whenever, format, source } = hypergan.widgets;
  const WIDTH = 350, HEIGHT = 240, LEFT = 42, RIGHT = 6, TOP = 22, BOTTOM = 36;
  // Those of the figure above, in its order
  const COLOURS = ["#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161"];
  const DASHES = ["none", "6 2.5", "2 2", "8 3 2 3", "1 1", "5 1 1 1 1 1"];
  const SETS = { out: "outliers", in: "test images" }, PLACES = Object.keys(SETS);

  hypergan.entropies = function (stage, facts) {
    const pictures = hypergan.numbers[facts.pictures];
    const records = facts.records.map((name) => hypergan.numbers[name]);
    const names = records.map(({ title, networks }) => `${title}, ${networks}`);
    const state = { record: 0, where: "out", number: 0 };
    sheets(stage, Object.fromEntries(PLACES.map((where) => [where, pictures[where].sheet])));

    /** Numbers of the pictures, the one that an ensemble is surest of first. */
    const orders = records.map(({ sets }) => Object.fromEntries(PLACES.map((where) => {
      const { entropy } = sets[where], order = entropy.map((_, number) => number);
      return [where, order.sort((a, b) => entropy[a] - entropy[b] || a - b)];
    })));

    // The curves

    const most = Math.max(...records.flatMap(({ sets }) => PLACES.map((where) => sets[where].curve[0].at(-1))));
    const across = (entropy) => LEFT + (entropy / most) * (WIDTH - LEFT - RIGHT);
    const up = (share) => HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
    const look = (index) => ({ stroke: COLOURS[index % 6], "stroke-dasharray": DASHES[index % 6] });

    function panel(where) {
      const text = (x, y, anchor, words) => drawing("text", { x, y, "text-anchor": anchor }, words);
      const ticks = Array.from({ length: Math.floor(2 * most) + 1 }, (_, i) => i / 2);
      const curves = records.map(({ sets }, index) => {
        const [x, y] = sets[where].curve;
        const points = x.map((value, i) => `${across(value).toFixed(1)},${up(y[i]).toFixed(1)}`).join(" ");
        return drawing("polyline", { points, fill: "none", ...look(index) });
      });
      const dots = drawing("g"), marks = drawing("g");
      const plot = drawing("svg", {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "live-curves",
        "aria-label": `Share of ${SETS[where]} up to an entropy, a curve for each ensemble`,
      },
        drawing("path", { d: `M${LEFT},${TOP}V${up(0)}H${WIDTH - RIGHT}` }),
        text(WIDTH / 2, 14, "middle", SETS[where]),
        text(WIDTH / 2, HEIGHT - 3, "middle", "predictive entropy (nats)"),
        ...ticks.map((value) => text(across(value), HEIGHT - BOTTOM + 15, "middle", format(value, 1))),
        ...[0, 0.5, 1].map((value) => text(LEFT - 6, up(value) + 4, "end", format(value, 1))),
        ...curves, dots, marks);
      let held = false;
      const follow = (event) => {
        const box = plot.getBoundingClientRect(), scale = WIDTH / box.width;
        nearest(where, (event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
      };
      plot.addEventListener("pointermove", (event) => held || follow(event));
      plot.addEventListener("pointerdown", (event) => {
        follow(event);
        held = event.pointerType === "mouse" && !held;
      });
      plot.addEventListener("pointerleave", () => (held = false));
      return { plot, curves, dots, marks };
    }
    const panels = Object.fromEntries(PLACES.map((where) => [where, panel(where)]));

    /** The picture on a curve that is nearest to a place on a panel. */
    function nearest(where, x, y) {
      let least = Infinity, found = {};
      records.forEach(({ sets }, record) =>
        sets[where].entropy.forEach((entropy, number) => {
          const far = Math.hypot(across(entropy) - x, up(sets[where].share[number]) - y);
          if (far < least) (least = far), (found = { record, where, number });
        }));
      change(found);
    }

    // The controls, which need no pointer

    const sample = (index) => drawing("svg", { viewBox: "0 0 24 8", class: "live-sample", "aria-hidden": true },
      drawing("path", { d: "M0,4H24", ...look(index) }));
    const named = (index) => element("span", {}, sample(index), ` ${names[index]}`);
    const curves = choice("Curve", names.map((_, index) => named(index)), (record) => change({ record }));
    const kinds = choice("Images", Object.values(SETS), (index) => change({ where: PLACES[index], number: -1 }));
    const slider = element("input", {
      type: "range", min: 0, "aria-label": "Image along the curve, the surest first",
      input: () => change({ number: orders[state.record][state.where][slider.value] }),
    });
    const status = element("p", { role: "status", class: "live-status live-short" });
    const table = element("table", { class: "live-images" });

    function change(what) {
      Object.assign(state, what);
      if (state.number < 0) state.number = orders[state.record][state.where][0];
      update();
    }

    // What is there

    /** An answer in words, and that it is wrong where the image has a right one. */
    function answer({ answer, confidence }, number) {
      const sure = format(confidence[number], 2);
      if (!answer) return [sure];
      const name = facts.classes[answer[number]];
      const wrong = state.where === "in" && name !== pictures.in.labels[number];
      return [`${name} ${sure}`, ...(wrong ? [element("abbr", { title: "wrong" }, " ✗")] : [])];
    }

    function update() {
      const { record, where, number } = state, order = orders[record][where], rank = order.indexOf(number);
      const { sets, title, networks } = records[record], own = sets[where];
      [curves, kinds].forEach((group, i) =>
        (group.querySelectorAll("input")[i ? PLACES.indexOf(where) : record].checked = true));
      Object.assign(slider, { max: order.length - 1, value: rank });
      for (const place of PLACES) {
        const { plot, curves, dots, marks } = panels[place];
        plot.classList.toggle("live-here", place === where);
        curves.forEach((curve, index) => curve.classList.toggle("live-here", index === record));
        const circle = (index, n, r) => {
          const { entropy, share } = records[index].sets[place];
          return drawing("circle", { cx: across(entropy[n]), cy: up(share[n]), r, fill: COLOURS[index % 6] });
        };
        const mark = (_, index) => circle(index, number, index === record ? 7 : 4);
        dots.replaceChildren(...(place === where ? order.map((n) => circle(record, n, 2)) : []));
        marks.replaceChildren(...(place === where ? records.map(mark) : []));
      }

      const room = Math.min(stage.clientWidth < 560 ? 4 : 7, order.length);
      const from = Math.min(Math.max(0, rank - Math.floor(room / 2)), order.length - room);
      const some = order.slice(from, from + room), focused = table.contains(document.activeElement);
      const here = (n) => (n === number ? "live-here" : "");
      const { words, labels } = pictures[where];
      const head = (n) => element("th", { scope: "col", class: here(n) },
        element("button", { type: "button", "aria-label": words[n], "aria-pressed": String(n === number),
          click: () => change({ number: n }) }, picture(where, pictures[where].sheet, n)),
        element("span", { "aria-hidden": "true" }, labels[n]));
      const cell = (sets, n) => element("td", { class: here(n) },
        ...answer(sets[where], n), element("small", {}, format(sets[where].entropy[n], 2)));
      table.replaceChildren(
        element("caption", {}, "Of each ensemble its ",
          records.some(({ sets }) => sets[where].answer) ? "answer with the probability" : "highest probability",
          ", and below the entropy in nats", where === "in" ? "; ✗ is a wrong answer" : ""),
        element("thead", {}, element("tr", {}, element("td"), ...some.map(head))),
        element("tbody", {}, ...records.map(({ sets }, index) => element("tr",
          { class: index === record ? "live-here" : "" },
          element("th", { scope: "row" }, named(index)), ...some.map((n) => cell(sets, n))))));
      if (focused) table.querySelector("[aria-pressed=true]").focus();

      const share = format(100 * own.share[number], own.share[number] < 0.995 ? 0 : 1);
      const next = own.second[number], says = own.answer
        ? ` They say ${facts.classes[own.answer[number]]} with ${format(own.confidence[number], 2)}` +
          (next && next[1] >= 0.01 ? `, then ${facts.classes[next[0]]} with ${format(next[1], 2)}.` : ".")
        : "";
      slider.setAttribute("aria-valuetext", `${words[number]}, ${format(own.entropy[number], 2)} nats`);
      status.textContent =
        `${words[number]}: entropy ${format(own.entropy[number], 2)} nats under ${networks} networks of ` +
        `${title}; ${share} % of the ${SETS[where]} have at most that.${says}`;
    }

    const silent = records.filter(({ sets }) => !sets.out.answer).map(({ title }) => title);
    const count = orders[0].out.length;
    stage.append(
      element("p", {}, "Point at a curve, or tap it, for the images there. A click holds them."),
      kinds, element("div", { class: "live-sides" }, ...PLACES.map((where) => panels[where].plot)),
      curves, element("div", { class: "live-row" }, "sure", slider, "unsure"), status,
      element("div", { class: "live-wide", role: "region", tabindex: 0, "aria-label": "Images, answers" }, table),
      element("p", { class: "live-note" },
        silent.length ? `Records of version 1 do not hold which class was answered: ${silent.join(", ")}. ` : "",
        `Of each kind ${count} images, evenly spaced in the file. Pictures: `,
        [...new Set(PLACES.map((where) => pictures[where].source))].join("; "),
        `. Records: ${records.map(source).join("; ")}.`));
    change({ number: orders[0].out[Math.floor(count / 2)] });
    whenever(stage, update);
  };
})();
