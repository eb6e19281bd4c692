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
