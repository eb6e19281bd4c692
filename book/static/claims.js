// The page of claims: filters its rows, and opens the one that a link leads to. Without this script
// all rows are there, closed.
(() => {
  const form = document.querySelector(".claims-filter");
  const rows = [...document.querySelectorAll("details.claim")];
  if (!form) return;

  const show = () => {
    const { verdict, topic } = form.elements;
    for (const row of rows) {
      row.hidden =
        (verdict.value && row.dataset.verdict !== verdict.value) ||
        (topic.value && row.dataset.topic !== topic.value);
    }
    const left = rows.filter((row) => !row.hidden).length;
    form.querySelector("output").textContent = `${left} of ${rows.length} claims`;
  };

  const open = () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!rows.includes(row)) return;
    form.reset();
    show();
    row.open = true;
    row.scrollIntoView();
  };

  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", open);
  addEventListener("load", open); // once code cells are folded and rows lie where they stay
  addEventListener("beforeprint", () => rows.forEach((row) => (row.open = true)));
  form.hidden = false;
  show();
})();
