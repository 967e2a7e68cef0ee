/* <select data-behavior="own-zone">: an empty choice of a time zone becomes the device's own, if it is offered. */
export default function ownZone(select) {
  if (select.value) return;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  if ([...select.options].some(({ value }) => value === timeZone)) select.value = timeZone;
}
