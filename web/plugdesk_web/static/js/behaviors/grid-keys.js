/* <table data-behavior="grid-keys">: arrow keys go from switch to switch, Home and End to the first and the last of a row. */
const SWITCHES = 'td input[role="switch"]:not(:disabled)';

export default function gridKeys(table, signal) {
  const switchesOf = (row) => [...row.querySelectorAll(SWITCHES)];
  const columnOf = (box) => box.closest("td").cellIndex;
  const nearest = (row, column) => row && (switchesOf(row).findLast((box) => columnOf(box) <= column) ?? switchesOf(row)[0]);

  table.addEventListener("keydown", (event) => {
    if (!event.target.matches(SWITCHES) || event.altKey || event.ctrlKey || event.metaKey) return;
    const row = event.target.closest("tr");
    const rows = [...table.querySelectorAll("tbody tr")].filter((each) => each.querySelector(SWITCHES));
    const [across, place, at, column] = [switchesOf(row), switchesOf(row).indexOf(event.target), rows.indexOf(row), columnOf(event.target)];
    const next = {
      ArrowRight: () => across[place + 1], ArrowLeft: () => across[place - 1], Home: () => across[0], End: () => across.at(-1),
      ArrowDown: () => nearest(rows[at + 1], column), ArrowUp: () => nearest(rows[at - 1], column),
    }[event.key]?.();
    if (!next) return;
    event.preventDefault();
    next.focus();
  }, { signal });
}
