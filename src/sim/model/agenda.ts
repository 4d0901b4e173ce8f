/**
 * The future events of the rack, in order of time. They run only in {@link Agenda.settle}, which runs each event that
 * is due at its own time. So a rack needs no timers, and a seed always gives the same history.
 */
export interface Agenda {
  /** The time of the model: of the entry that is running, or else the last time that it was settled to. */
  readonly time: number;
  /** Runs `run` after `afterMs`; returns a function that cancels it. */
  after(afterMs: number, run: () => void): () => void;
  settle(now: number): void;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

const earlier = (a: Entry, b: Entry) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** An empty agenda; `start` is the rack's time in milliseconds. */
export function createAgenda(start: number): Agenda {
  const heap: Entry[] = [];
  let time = start;
  let order = 0;
  let settling = false;

  const push = (entry: Entry) => {
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !earlier(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  };

  const pop = () => {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let below = heap[child];
      if (below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && earlier(right, below)) {
        child += 1;
        below = right;
      }
      if (!earlier(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  };

  return {
    get time() {
      return time;
    },
    after(afterMs, run) {
      const entry: Entry = { at: time + Math.max(0, afterMs), order: order++, run };
      push(entry);
      return () => {
        entry.run = undefined;
      };
    },
    settle(now) {
      // A call from inside an entry sees the moment of that entry, not what comes after it.
      if (settling) return;
      settling = true;
      try {
        for (let next = heap[0]; next !== undefined && next.at <= now; next = heap[0]) {
          pop();
          if (next.at > time) time = next.at;
          next.run?.();
        }
        if (now > time) time = now;
      } finally {
        settling = false;
      }
    },
  };
}
