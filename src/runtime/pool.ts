/** Values per generation; the one before is remembered as well. */
const size = 1024;
/** Longer texts are hardly ever the same twice. */
const longest = 4096;

/** Equal JSON values become one, as long as they are not rare. Whoever gets one must not change it. */
export class Pool<T> {
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  /** The value that this one equals, if it is remembered; else what is made of this one. */
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
