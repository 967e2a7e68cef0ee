/* <a data-behavior="back" href="…">: goes to the page one came from, if it was a page of this desk; otherwise to its address. */
export default function back(link, signal) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || !document.referrer.startsWith(`${location.origin}/`)) return;
    event.preventDefault();
    history.back();
  }, { signal });
}
