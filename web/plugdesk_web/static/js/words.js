/* What scripts say, in the language of the page: the server puts the translations into #words. */
const words = JSON.parse(document.getElementById("words")?.textContent || "{}");
export const language = document.documentElement.lang || "en";

/** The text in the page's language; %(name)s in it is filled from `values`. */
export function gettext(msgid, values = {}) {
  return fill(words[msgid] ?? msgid, values);
}

/** The form of a text that goes with the count `n`, which fills %(num)s. */
export function ngettext(singular, plural, n, values = {}) {
  const forms = words[singular];
  const untranslated = n === 1 ? singular : plural;
  return fill(Array.isArray(forms) ? forms[formOf(n)] ?? untranslated : untranslated, { num: n, ...values });
}

/** Which of a language's plural forms a count takes, in the order of its catalog. */
function formOf(n) {
  const rules = new Intl.PluralRules(language);
  const order = ["one", "few", "many", "other"].filter((name) => language === "ru" ? name !== "other" : rules.resolvedOptions().pluralCategories.includes(name));
  return Math.max(0, order.indexOf(rules.select(n)));
}

function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole).replaceAll("%%", "%");
}
