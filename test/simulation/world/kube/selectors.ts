import { isObject, type Json, type JsonObject, objectAt } from "./json.ts";

/** Matches `a=b,c!=d,e,!f,g in (x,y),h notin (z)` against the labels of an object. */
export function matchesLabels(object: JsonObject, selector: string): boolean {
  const labels = objectAt(objectAt(object, "metadata"), "labels");
  return splitTerms(selector).every((term) => {
    const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(term);
    if (set !== null) {
      const [, key = "", operator, values = ""] = set;
      const among = values
        .split(",")
        .map((value) => value.trim())
        .some((value) => labels[key] === value);
      return operator === "in" ? among : !among;
    }
    const unequal = /^(\S+?)\s*!=\s*(\S*)$/.exec(term);
    if (unequal !== null) return labels[unequal[1] ?? ""] !== unequal[2];
    const equality = /^(\S+?)\s*==?\s*(\S*)$/.exec(term);
    if (equality !== null) return labels[equality[1] ?? ""] === equality[2];
    return term.startsWith("!") ? labels[term.slice(1)] === undefined : labels[term] !== undefined;
  });
}

/** Matches `metadata.name=a,spec.serverRef.name!=b`; returns the field without selector support, if there is one. */
export function matchesFields(
  object: JsonObject,
  selector: string,
  selectable: readonly string[],
): boolean | { unsupported: string } {
  let all = true;
  for (const term of splitTerms(selector)) {
    const [, path = "", operator, value] = /^([^=!]+)(==?|!=)(.*)$/.exec(term) ?? [];
    if (!selectable.includes(path)) return { unsupported: path };
    const field = valueAt(object, path);
    const same = (field === undefined ? "" : String(field)) === value;
    if (operator === "!=" ? same : !same) all = false;
  }
  return all;
}

function valueAt(object: JsonObject, path: string): Json | undefined {
  let at: Json | undefined = object;
  for (const field of path.split(".")) at = isObject(at) ? at[field] : undefined;
  return at;
}

function splitTerms(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== "");
}
