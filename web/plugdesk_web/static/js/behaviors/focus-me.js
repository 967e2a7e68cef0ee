/* Takes the focus when it appears: the summary of what is wrong with a form. */
export default function focusMe(element) {
  element.focus();
}
