/** Lists of facts found by key without searching them again for every object: built once per list, kept with it. */

const indexes = new WeakMap<object, Map<string, Map<string, number[]>>>();

/** The entries of `list` whose `key` is `value`. `name` stands for the key function. */
export function lookUp<T>(list: readonly T[], name: string, key: (item: T) => string, value: string): readonly T[] {
  const byName = indexes.get(list) ?? new Map<string, Map<string, number[]>>();
  indexes.set(list, byName);
  const known = byName.get(name) ?? build(list, key);
  byName.set(name, known);
  const positions = known.get(value) ?? [];
  return positions.flatMap((position) => list[position] ?? []);
}

function build<T>(list: readonly T[], key: (item: T) => string): Map<string, number[]> {
  const index = new Map<string, number[]>();
  for (const [position, item] of list.entries()) {
    const positions = index.get(key(item));
    if (positions === undefined) index.set(key(item), [position]);
    else positions.push(position);
  }
  return index;
}
