// What scrolls inside a page can be reached by the keyboard; what fits is no stop on the way.
addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector(".bd-article");
  const scrolls = (box, style) =>
    (box.scrollWidth > box.clientWidth && style.overflowX === "auto") ||
    (box.scrollHeight > box.clientHeight && style.overflowY === "auto");
  const mark = () => {
    for (const box of article.querySelectorAll("table, pre, .cell_output, .math, mjx-container")) {
      if (scrolls(box, getComputedStyle(box))) box.tabIndex = 0;
      else if (box.tabIndex === 0) box.removeAttribute("tabindex");
    }
  };
  if (article) new ResizeObserver(mark).observe(article);
});

// On paper all that is folded is open, and the page is light; afterwards it is as it was.
(() => {
  const root = document.documentElement.dataset;
  let folded = [];
  let theme = root.theme;
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const details of folded) details.open = true;
    theme = root.theme;
    root.theme = "light";
  });
  addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
    root.theme = theme;
  });
})();

// A table with the paper's values beside ours shows one of them alone on demand.
addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll(".results table")) {
    if (!table.querySelector("th.paper")) continue;
    const rows = [...table.tHead.rows];
    const columns = [...rows.at(-1).cells].slice(-table.tBodies[0].rows[0].querySelectorAll("td").length);
    const groups = rows.slice(0, -1).flatMap((row) => {
      let begin = 0;
      return [...row.querySelectorAll("[scope=colgroup]")].map((head) =>
        ({ head, below: columns.slice(begin, (begin += head.colSpan)) }));
    });
    const show = (chosen) => {
      for (const whose of ["ours", "paper"])
        for (const cell of table.querySelectorAll(`.${whose}`)) cell.hidden = ![whose, "both"].includes(chosen);
      for (const { head, below } of groups) {
        const seen = below.filter((cell) => !cell.hidden).length;
        head.hidden = !seen;
        head.colSpan = seen || 1;
      }
      for (const button of control.children) button.setAttribute("aria-pressed", button.value === chosen);
    };
    const control = document.createElement("div");
    control.className = "whose";
    control.setAttribute("role", "group");
    control.setAttribute("aria-label", "Values shown");
    for (const [value, words] of [["ours", "ours"], ["paper", "the paper's"], ["both", "both"]]) {
      const button = Object.assign(document.createElement("button"), { type: "button", value, textContent: words });
      button.addEventListener("click", () => show(value));
      control.append(button);
    }
    table.closest(".results").before(control);
    show("both");
  }
});
