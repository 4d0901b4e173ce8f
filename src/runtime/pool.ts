/** Values per generation; the previous generation is kept as well. */
const size = 1024;
/** Longer texts hardly ever repeat. */
const longest = 4096;

/** Replaces equal JSON values by one, unless they are rare. Do not change the values it returns. */
export class Pool<T> {
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  /** The stored value that equals this one; if there is none, `made` of this one. */
  share(value: T, made: (value: T) => T = (same) => same): T {
    const text = JSON.stringify(value);
    if (text.length > longest) return value;
    const known = this.#young.get(text);
    if (known !== undefined) return known;
    const kept = this.#old.get(text) ?? made(value);
    if (this.#young.size >= size) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, kept);
    return kept;
  }
}
