/* <table data-behavior="grid-keys">: arrow keys go from switch to switch, Home and End to the first and the last of a row. */
export default function gridKeys(table, signal) {
  const rows = () => [...table.querySelectorAll("tbody tr")].filter((row) => row.querySelector("td input:not(:disabled)"));

  function inRow(row, column) {
    const cells = [...row.querySelectorAll("td")];
    const wanted = cells[Math.min(column, cells.length - 1)]?.querySelector("input:not(:disabled)");
    return wanted ?? row.querySelector("td input:not(:disabled)");
  }

  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
    const row = cell.parentElement;
    const switches = [...row.querySelectorAll("td input:not(:disabled)")];
    const [all, column, place] = [rows(), cell.cellIndex - 1, switches.indexOf(event.target)];
    const at = all.indexOf(row);
    const next = {
      ArrowRight: () => switches[place + 1], ArrowLeft: () => switches[place - 1], Home: () => switches[0], End: () => switches.at(-1),
      ArrowDown: () => all[at + 1] && inRow(all[at + 1], column), ArrowUp: () => all[at - 1] && inRow(all[at - 1], column),
    }[event.key]?.();
    if (!next) return;
    event.preventDefault();
    next.focus();
  }, { signal });
}
