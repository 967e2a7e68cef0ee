/* <span data-behavior="reveal-password"><input type="password"><button aria-pressed="false">…: shows what is typed. */
export default function revealPassword(element, signal) {
  const input = element.querySelector("input");
  const button = element.querySelector("button");
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  }, { signal });
  input.form?.addEventListener("submit", () => { input.type = "password"; }, { signal });
}
