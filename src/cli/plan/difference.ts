/** One changed field. */
export interface Change {
  /** `spec.clientRefs[brutus].name` */
  readonly path: string;
  /** Undefined if the field was absent, or will be. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * The fields in which two values differ, as the smallest differing parts. Entries of lists are matched by their keys.
 */
export function differences(before: unknown, after: unknown, path = ""): Change[] {
  if (Object.is(before, after)) return [];
  const pair = [asParts(before), asParts(after)] as const;
  const [old, young] = pair;
  if (old === undefined || young === undefined || old.list !== young.list)
    return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
  const keys = [...new Set([...old.parts.keys(), ...young.parts.keys()])];
  return keys.flatMap((key) => {
    const at = old.list ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    return differences(old.parts.get(key), young.parts.get(key), at);
  });
}

interface Parts {
  readonly list: boolean;
  readonly parts: ReadonlyMap<string, unknown>;
}

function asParts(value: unknown): Parts | undefined {
  if (Array.isArray(value))
    return { list: true, parts: new Map(value.map((item, index) => [keyOf(item, index, value), item])) };
  if (typeof value !== "object" || value === null) return undefined;
  return { list: false, parts: new Map(Object.entries(value)) };
}

/** The keys of lists in our kinds; a scalar is its own key. */
const keyFields = ["name", "label", "device", "number"];

function keyOf(item: unknown, index: number, all: readonly unknown[]): string {
  if (typeof item !== "object" || item === null)
    return all.indexOf(item) === index ? String(item) : `${String(item)} #${index}`;
  const field = keyFields.find((name) => {
    const values = all.map((other) =>
      typeof other === "object" && other !== null ? Reflect.get(other, name) : undefined,
    );
    return values.every((value) => value !== undefined) && new Set(values).size === values.length;
  });
  return field === undefined ? String(index) : String(Reflect.get(item, field));
}
