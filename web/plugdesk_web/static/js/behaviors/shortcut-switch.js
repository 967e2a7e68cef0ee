/* <input type="checkbox" data-behavior="shortcut-switch">: whether single keys act at all, kept in this browser. */
const OFF = "plugdesk.keys";

export default function shortcutSwitch(box, signal) {
  box.checked = !localStorage.getItem(OFF);
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "off");
  }, { signal });
}
