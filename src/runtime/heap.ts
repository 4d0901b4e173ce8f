/** A binary heap: the smallest by `compare` comes out first. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    let at = this.#items.length;
    this.#items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfOutOfOrder(parent, at)) break;
      at = parent;
    }
  }

  pop(): T | undefined {
    const [first] = this.#items;
    const last = this.#items.pop();
    if (first === undefined || last === undefined || this.#items.length === 0) return first;
    this.#items[0] = last;
    for (let at = 0; ; ) {
      const child = this.#smallerChild(at);
      if (child === undefined || !this.#swapIfOutOfOrder(at, child)) return first;
      at = child;
    }
  }

  clear(): void {
    this.#items.length = 0;
  }

  #smallerChild(at: number): number | undefined {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    const [a, b] = [this.#items[left], this.#items[right]];
    if (a === undefined) return undefined;
    return b !== undefined && this.#compare(b, a) < 0 ? right : left;
  }

  #swapIfOutOfOrder(upper: number, lower: number): boolean {
    const [a, b] = [this.#items[upper], this.#items[lower]];
    if (a === undefined || b === undefined || this.#compare(a, b) <= 0) return false;
    this.#items[upper] = b;
    this.#items[lower] = a;
    return true;
  }
}
