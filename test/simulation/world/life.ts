/** One operator process, seen from outside: after its death none of its promises settles. */
export class Life {
  readonly name: string;
  #alive = true;
  readonly #onDeath = new Set<() => void>();

  constructor(name: string) {
    this.name = name;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Abrupt: no promise of this process continues, no handler runs, nothing is cleaned up. */
  end(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const callback of this.#onDeath) callback();
    this.#onDeath.clear();
  }

  /** For the world: a dead process's sockets are closed by its kernel. The returned function removes the callback. */
  onEnd(callback: () => void): () => void {
    this.#onDeath.add(callback);
    return () => this.#onDeath.delete(callback);
  }

  /** An outside promise as the process sees it. */
  sees<T>(outside: Promise<T>): Promise<T> {
    if (!this.#alive) {
      outside.catch(() => undefined);
      return never();
    }
    return new Promise((resolve, reject) => {
      outside.then(
        (value) => {
          if (this.#alive) resolve(value);
        },
        (error: unknown) => {
          if (this.#alive) reject(error);
        },
      );
    });
  }
}

export function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
