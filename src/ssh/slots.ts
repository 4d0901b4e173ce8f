/** A limit on concurrent work, granted first come, first served. */
export interface Slots {
  /** Resolves with a function that releases the slot; rejects with the signal's reason. */
  acquire(signal: AbortSignal): Promise<() => void>;
  /** Lowers the limit, at least to one; never raises it. */
  lowerTo(limit: number): void;
  readonly used: number;
  readonly waiting: number;
}

/** Slots of which `initialLimit` may be held at once. */
export function createSlots(initialLimit: number): Slots {
  let limit = initialLimit;
  let used = 0;
  const queue: { grant: () => void }[] = [];

  const next = () => {
    while (used < limit) {
      const waiter = queue.shift();
      if (waiter === undefined) return;
      used += 1;
      waiter.grant();
    }
  };
  const release = () => {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      used -= 1;
      next();
    };
  };

  return {
    acquire(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const waiter = {
          grant() {
            signal.removeEventListener("abort", onAbort);
            resolve(release());
          },
        };
        const onAbort = () => {
          queue.splice(queue.indexOf(waiter), 1);
          reject(signal.reason);
        };
        signal.addEventListener("abort", onAbort, { once: true });
        queue.push(waiter);
        next();
      });
    },
    lowerTo(wanted) {
      limit = Math.max(1, Math.min(limit, wanted));
    },
    get used() {
      return used;
    },
    get waiting() {
      return queue.length;
    },
  };
}
