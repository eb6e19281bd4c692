// Figure 2, live: networks drawn here, their mean and band.
(function () {
  "use strict";
  const hypergan = globalThis.hypergan;
  const { element, choice, tick, whenever, format, source } = hypergan.widgets;
  const MOST = 1000;

  /** Predictions (N, B) of fresh networks of a trained generator, more of them on demand. */
  function generated(shipped, x) {
    const model = hypergan.load(shipped), [unit, result] = model.task.units;
    const inputs = Float32Array.from(x, (value) => value / unit);
    const rows = new Float32Array(MOST * x.length);
    let made = 0;
    return {
      forget: () => (made = 0),
      most: MOST,
      rows(count) {
        if (made < count) {
          const more = count - made;
          const weights = hypergan.generate(model, hypergan.noise(model, more), more);
          for (let n = 0; n < more; n++) {
            const outputs = hypergan.forward(model, weights, n * model.weights, inputs, x.length);
            rows.set(outputs.map((value) => value * result), (made + n) * x.length);
          }
          made = count;
        }
        return rows;
      },
    };
  }

  /** Draws that a sampler made: a fresh draw is another order. */
  function recorded(shipped, x) {
    const all = hypergan.load(shipped).tensors.draws, most = Math.min(MOST, all.length / x.length);
    const rows = new Float32Array(all.length);
    const forget = () => {
      const order = Array.from({ length: all.length / x.length }, (_, n) => n);
      for (let n = order.length - 1; n > 0; n--) {
        const other = Math.floor(Math.random() * (n + 1));
        [order[n], order[other]] = [order[other], order[n]];
      }
      order.forEach((from, n) =>
        rows.set(all.subarray(from * x.length, (from + 1) * x.length), n * x.length));
    };
    forget();
    return { forget, most, rows: () => rows };
  }

  hypergan.cubic = function (stage, facts) {
    const { x, y, points } = facts;
    const sources = facts.sources.map(({ numbers }) => {
      const shipped = hypergan.numbers[numbers];
      return shipped.tensors.draws ? recorded(shipped, x) : generated(shipped, x);
    });
    const state = { source: 0, count: 100, band: true, lines: false };

    const plot = element("canvas", { class: "live-plot", role: "img" });
    const said = element("p", { class: "live-note", role: "status" });
    const number = element("output", {});
    const slider = element("input", {
      type: "range", min: 0, max: 60, value: 40, "aria-label": "Number of networks",
      input: () => change({ count: Math.round(10 ** (slider.value / 20)) }),
    });
    const again = () => {
      sources[state.source].forget();
      update();
    };
    const names = facts.sources.map(({ name }) => name);
    const origins = facts.sources.map(({ numbers }) => source(hypergan.numbers[numbers]));
    stage.append(
      element("div", { class: "live-row" },
        element("button", { type: "button", class: "live-first", click: again }, "Draw new networks"),
        element("label", { style: "flex: 1 1 16rem" }, number, slider)),
      element("div", { class: "live-row" }, choice("Networks of", names, (source) => change({ source }))),
      element("div", { class: "live-row" },
        tick("mean and three standard deviations", state.band, (band) => change({ band })),
        tick("each network as a line", state.lines, (lines) => change({ lines }))),
      plot, said,
      element("p", { class: "live-note" }, `From ${origins.join("; ")}.`));

    function change(what) {
      Object.assign(state, what);
      update();
    }

    let shown;
    function update() {
      const began = performance.now();
      const { most, rows } = sources[state.source], count = Math.min(state.count, most);
      shown = { count, rows: rows(count) };
      Object.assign(shown, hypergan.band(shown.rows, count, x.length));
      draw();
      const took = Math.max(1, Math.round(performance.now() - began));
      number.textContent = `${count} network${count > 1 ? "s" : ""}`;
      slider.setAttribute("aria-valuetext", number.textContent);
      const at = [0, (x.length - 1) / 2, x.length - 1].map((index) =>
        `${format(shown.deviation[index], 2)} at x = ${format(x[index], 0)}`);
      const spread = count > 1 ? `; standard deviation of y ${at.join(", ")}` : "";
      said.textContent = `${number.textContent} of ${names[state.source]}${spread}. Computed in ${took} ms.`;
      plot.setAttribute("aria-label", `Plot of y against x. ${said.textContent}`);
    }

    function draw() {
      if (!shown || !plot.clientWidth) return;
      const width = plot.clientWidth, height = Math.round(Math.max(260, width * 0.5));
      const fine = globalThis.devicePixelRatio || 1;
      plot.style.height = `${height}px`;
      plot.width = width * fine, plot.height = height * fine;
      const style = getComputedStyle(stage), colour = (name) => style.getPropertyValue(`--live-${name}`).trim();
      const pen = plot.getContext("2d");
      pen.scale(fine, fine);
      const left = 46, right = 8, top = 8, bottom = 40;
      const limit = 1.2 * Math.max(...y.map(Math.abs));
      const across = (value) => left + ((value - x[0]) / (x[x.length - 1] - x[0])) * (width - left - right);
      const up = (value) => top + ((limit - value) / (2 * limit)) * (height - top - bottom);
      pen.font = `13px ${style.fontFamily}`;
      pen.fillStyle = colour("soft"), pen.strokeStyle = colour("line"), pen.textBaseline = "middle";
      for (const value of [-200, -100, 0, 100, 200]) {
        pen.textAlign = "right", pen.fillText(format(value, 0), left - 6, up(value));
        path([[left, up(value)], [width - right, up(value)]]), pen.stroke();
      }
      for (const value of [-6, -4, -2, 0, 2, 4, 6])
        pen.textAlign = "center", pen.fillText(format(value, 0), across(value), height - bottom + 14);
      pen.fillText("x", across(0), height - 9);

      function path(places) {
        pen.beginPath();
        places.forEach(([a, b], i) => (i ? pen.lineTo(a, b) : pen.moveTo(a, b)));
      }
      const curve = (values) => path(Array.from(values, (value, i) => [across(x[i]), up(value)]));

      pen.save();
      pen.beginPath(), pen.rect(left, top, width - left - right, height - top - bottom), pen.clip();
      pen.lineJoin = "round";
      if (state.band) {
        const edge = (sign) => Array.from(shown.mean, (value, i) =>
          [across(x[i]), up(value + sign * 3 * shown.deviation[i])]);
        path([...edge(1), ...edge(-1).reverse()]);
        pen.fillStyle = colour("band"), pen.fill();
      }
      if (state.lines) {
        pen.strokeStyle = colour("ours"), pen.lineWidth = 1;
        pen.globalAlpha = Math.max(0.05, Math.min(0.9, 2 / Math.sqrt(shown.count)));
        for (let n = 0; n < shown.count; n++)
          curve(shown.rows.subarray(n * x.length, (n + 1) * x.length)), pen.stroke();
        pen.globalAlpha = 1;
      }
      pen.setLineDash([6, 4]), pen.lineWidth = 1.5, pen.strokeStyle = colour("ink");
      curve(y), pen.stroke();
      pen.setLineDash([]);
      if (state.band) {
        pen.lineWidth = 2.5, pen.strokeStyle = colour("ours");
        curve(shown.mean), pen.stroke();
      }
      pen.fillStyle = colour("points");
      for (const [a, b] of points) pen.beginPath(), pen.arc(across(a), up(b), 4, 0, 7), pen.fill();
      pen.restore();

      const legend = [["line", "ink", "x\u00b3"], ["dot", "points", "observations"]];
      if (state.band) legend.splice(1, 0, ["full", "ours", "mean of networks"], ["area", "band", "±3 sd"]);
      legend.forEach(([kind, name, words], i) => {
        const line = top + 14 + 18 * i;
        pen.strokeStyle = pen.fillStyle = colour(name);
        pen.setLineDash(kind === "line" ? [6, 4] : []), pen.lineWidth = 2;
        if (kind === "dot") pen.beginPath(), pen.arc(left + 24, line, 4, 0, 7), pen.fill();
        else if (kind === "area") pen.fillRect(left + 12, line - 5, 24, 10);
        else path([[left + 12, line], [left + 36, line]]), pen.stroke();
        pen.setLineDash([]), pen.fillStyle = colour("ink"), pen.textAlign = "left";
        pen.fillText(words, left + 44, line);
      });
    }

    update();
    whenever(plot, draw);
  };
})();
