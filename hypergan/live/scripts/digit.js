// A digit of your own: freshly drawn networks vote on what the reader draws or picks.
(function () {
  "use strict";
  const hypergan = globalThis.hypergan;
  const { element, pause, format, source } = hypergan.widgets;
  const SIDE = 280, NETWORKS = 100, AT_ONCE = 4;

  hypergan.digit = function (stage, facts) {
    const generator = hypergan.load(hypergan.numbers[facts.generator]);
    const ensemble = hypergan.load(hypergan.numbers[facts.ensemble]);
    const pictures = hypergan.load(hypergan.numbers[facts.pictures]);
    const { classes, mean: [mean], std: [std] } = generator.task;
    const members = ensemble.tensors.members.length / ensemble.weights;
    const bytes = pictures.tensors.images.map((value) => (value + 128) / 255);

    // What is asked

    const pad = element("canvas", {
      class: "live-pad", width: SIDE, height: SIDE, tabindex: 0, role: "application",
      "aria-label":
        "Draw a digit. With keys: arrows move the pen, Space puts it down or lifts it, Escape clears.",
    });
    const pen = pad.getContext("2d", { willReadFrequently: true });
    Object.assign(pen, { lineWidth: 22, lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
    let asked = null, at = null, soon = 0, turn = 0;

    function clear() {
      clearTimeout(soon);
      asked = null;
      turn += 1;
      pen.fillStyle = "#000", pen.fillRect(0, 0, SIDE, SIDE);
      thumbnails.forEach((button) => button.setAttribute("aria-pressed", "false"));
      show(null);
    }

    const picked = () => thumbnails.some((button) => button.getAttribute("aria-pressed") === "true");

    function line(to, from = to) {
      if (picked()) clear();
      pen.beginPath(), pen.moveTo(...from), pen.lineTo(...to), pen.stroke();
      clearTimeout(soon);
      soon = setTimeout(() => {
        const { data } = pen.getImageData(0, 0, SIDE, SIDE);
        const ink = Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i] / 255);
        asked = hypergan.asDigit(ink, SIDE);
        ask();
      }, 250);
    }

    const place = (event) => {
      const box = pad.getBoundingClientRect();
      const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      return [x * SIDE, y * SIDE];
    };
    pad.addEventListener("pointerdown", (event) => {
      pad.setPointerCapture(event.pointerId);
      line((at = place(event)));
    });
    pad.addEventListener("pointermove", (event) => {
      if (at && event.buttons) line(place(event), at), (at = place(event));
    });
    for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => (at = null));

    const keys = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] };
    let cursor = [SIDE / 2, SIDE / 2], down = false;
    pad.addEventListener("keydown", (event) => {
      if (event.key === "Escape") clear(), (down = false);
      else if (event.key === " ") {
        down = !down;
        if (down) line(cursor);
        status.textContent = `Pen ${down ? "down" : "up"} at ${cursor.join(", ")} of ${SIDE}.`;
      } else if (event.key in keys) {
        const to = cursor.map((value, i) => Math.min(SIDE, Math.max(0, value + keys[event.key][i])));
        if (down) line(to, cursor);
        cursor = to;
      } else return;
      event.preventDefault();
    });

    const thumbnails = facts.labels.map((label, index) => {
      const pixels = bytes.subarray(784 * index, 784 * (index + 1));
      const small = element("canvas", { width: 28, height: 28 });
      paint(small.getContext("2d"), pixels);
      return element("button", { type: "button", "aria-label": label, title: label, "aria-pressed": "false",
        click: () => {
          clear();
          thumbnails[index].setAttribute("aria-pressed", "true");
          pen.imageSmoothingEnabled = false;
          pen.drawImage(small, 0, 0, SIDE, SIDE);
          asked = pixels;
          ask();
        } }, small);
    });

    function paint(pen, pixels) {
      const image = pen.createImageData(28, 28);
      pixels.forEach((value, i) => image.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i));
      pen.putImageData(image, 0, 0);
    }

    // What they say

    const columns = [`votes of ${NETWORKS}`, "their mean", "one of them", `ensemble of ${members}`];
    const heading = (scope) => (words) => element("th", { scope }, words);
    const row = (words) => element("tr", {}, heading("row")(words), ...columns.map(() => element("td")));
    const rows = classes.map(row);
    const sums = ["entropy", "mutual information"].map(row);
    const table = element("table", { class: "live-votes" },
      element("caption", {}, "Probabilities by class; entropy and mutual information in nats"),
      element("thead", {}, element("tr", {}, ...["class", ...columns].map(heading("col")))),
      element("tbody", {}, ...rows, ...sums));
    const status = element("p", { role: "status", class: "live-status" });

    function show(opinions) {
      const cells = (row) => row.querySelectorAll("td");
      for (const row of [...rows, ...sums])
        for (const cell of cells(row)) cell.textContent = "", cell.style.removeProperty("--part");
      rows.forEach((row) => row.classList.remove("live-top"));
      if (!opinions) return void (status.textContent = "Draw a digit, or pick a picture.");
      const { many, one, standard } = opinions, count = many.votes.reduce((a, b) => a + b, 0);
      rows.forEach((row, c) => {
        const parts = [many.votes[c] / count, many.mean[c], one.mean[c], standard.mean[c]];
        cells(row).forEach((cell, i) => {
          cell.textContent = i ? format(parts[i], 2) : String(many.votes[c]);
          cell.style.setProperty("--part", `${100 * parts[i]}%`);
        });
      });
      rows[many.mean.indexOf(Math.max(...many.mean))].classList.add("live-top");
      sums.forEach((row, i) => {
        const key = ["entropy", "information"][i];
        const values = ["", many[key], i ? "" : one[key], standard[key]];
        cells(row).forEach((cell, j) => (cell.textContent = values[j] === "" ? "" : format(values[j], 2)));
      });
    }

    const says = ({ mean }) => {
      const most = Math.max(...mean);
      return `says ${classes[mean.indexOf(most)]} with ${format(most, 2)}`;
    };

    async function ask() {
      const mine = ++turn;
      if (!asked) return;
      const image = Float32Array.from(asked, (value) => (value - mean) / std);
      const answers = (model, weights, count) =>
        Array.from({ length: count }, (_, n) =>
          hypergan.softmax(hypergan.forward(model, weights, n * model.weights, image, 1)));
      const began = performance.now(), found = [];
      const standard = hypergan.opinion(answers(ensemble, ensemble.tensors.members, members));
      const opinions = () =>
        ({ many: hypergan.opinion(found), one: hypergan.opinion(found.slice(0, 1)), standard });
      let painted = began;
      while (found.length < NETWORKS) {
        const weights = hypergan.generate(generator, hypergan.noise(generator, AT_ONCE), AT_ONCE);
        found.push(...answers(generator, weights, AT_ONCE));
        if (performance.now() - painted > 60) {
          show(opinions());
          await pause();
          painted = performance.now();
          if (mine !== turn) return;
        }
      }
      const last = opinions(), took = Math.round(performance.now() - began);
      show(last);
      const votes = Math.max(...last.many.votes);
      status.textContent =
        `${votes} of ${NETWORKS} networks say ${classes[last.many.votes.indexOf(votes)]}; entropy ` +
        `${format(last.many.entropy, 2)}, mutual information ${format(last.many.information, 2)}. ` +
        `One of them ${says(last.one)}, the ensemble of ${members} ${says(last.standard)}. ` +
        `Drawn and asked in ${took} ms.`;
    }

    stage.append(
      element("div", { class: "live-sides" },
        element("div", {}, pad,
          element("div", { class: "live-row" },
            element("button", { type: "button", class: "live-first", click: ask }, "New networks"),
            element("button", { type: "button", click: clear }, "Clear")),
          element("div", { class: "live-pictures", role: "group", "aria-label": "Pictures to pick" },
            ...thumbnails)),
        element("div", {}, status, table)),
      element("p", { class: "live-note" },
        `${facts.said} Networks from ${source(generator)}; ` +
        `the standard ensemble from ${source(ensemble)}.`));
    thumbnails[0].click();
  };
})();
