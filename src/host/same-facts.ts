/**
 * Whether two facts are equal in all properties that are not ignored; an undefined property is absent. Compares in
 * place, without serializing: a host may show thousands of rows, and others at each look.
 */
export function sameFacts(a: unknown, b: unknown, ignored: ReadonlySet<string> = none): boolean {
  if (a === b) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => sameFacts(item, b[index], ignored));
  }
  if (a instanceof Map || b instanceof Map) {
    if (!(a instanceof Map) || !(b instanceof Map) || a.size !== b.size) return false;
    for (const [key, item] of a) if (!b.has(key) || !sameFacts(item, b.get(key), ignored)) return false;
    return true;
  }
  for (const key in a) if (!ignored.has(key) && !sameFacts(a[key], b[key], ignored)) return false;
  for (const key in b) if (!ignored.has(key) && b[key] !== undefined && !(key in a)) return false;
  return true;
}

const none: ReadonlySet<string> = new Set();

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
