import type { z } from "zod";

/** Cuts a text to a length; half a character at its end becomes the replacement character. */
export const cut = (text: string, length: number): string => text.slice(0, length).toWellFormed();

/** The first item of each key: a map list refuses a whole status if a key comes twice. Stops at `most` items. */
export function distinct<T>(items: readonly T[], key: (item: T) => string, most: number): T[] {
  const found = new Map<string, T>();
  for (const item of items) {
    if (found.size >= most) break;
    const name = key(item);
    if (!found.has(name)) found.set(name, item);
  }
  return [...found.values()];
}

/** A status that its schema accepts, and what was left out for that: `exports[].target`. */
export interface FittedStatus {
  readonly status: unknown;
  readonly left: readonly string[];
}

/**
 * Leaves out what the schema of a status does not accept: the field; the entry or object around it if the field is
 * required; of a list the entries that are too many. Never a condition.
 */
export function fitStatus(schema: z.ZodType, status: unknown): FittedStatus {
  const left = new Set<string>();
  let fitted = status;
  for (;;) {
    const issues = (schema.safeParse(fitted).error?.issues ?? []).filter(({ path }) => path[0] !== "conditions");
    if (issues.length === 0) return { status: fitted, left: [...left] };
    if (left.size === 0) fitted = structuredClone(status);
    const paths = new Map(issues.map((issue) => [JSON.stringify(issue.path), issue]));
    const removed = [...paths.values()].filter((issue) => {
      const most = issue.code === "too_big" ? Number(issue.maximum) : 0;
      return shorten(fitted, issue.path, most) || remove(fitted, issue.path);
    });
    for (const { path } of removed) left.add(words(path));
    fitted = compact(fitted);
    // A fault that cannot be left out is the server's to judge.
    if (removed.length === 0) return { status: fitted, left: [...left] };
  }
}

function shorten(status: unknown, path: readonly PropertyKey[], most: number): boolean {
  const list = at(status, path);
  if (!Array.isArray(list) || list.length <= most || most === 0) return false;
  list.length = most;
  return true;
}

/** Removes what is at the path, or, where nothing is, what lacks it. Leaves holes in lists. */
function remove(status: unknown, path: readonly PropertyKey[]): boolean {
  const key = path.at(-1);
  const around = path.slice(0, -1);
  const holder = at(status, around);
  if (key === undefined || typeof holder !== "object" || holder === null) return false;
  if (Reflect.get(holder, key) === undefined) return remove(status, around);
  return Reflect.deleteProperty(holder, key);
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (holder, key) => (typeof holder === "object" && holder !== null ? Reflect.get(holder, key) : undefined),
    value,
  );
}

/** Closes the holes that were left in lists. */
function compact(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== undefined).map(compact);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, compact(item)]));
}

const words = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
