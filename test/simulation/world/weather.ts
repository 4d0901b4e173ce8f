import type { Random } from "./random.ts";

/** How the networks and the API server behave right now. Changes during a run; `calm` is a good day. */
export interface Weather {
  /** Milliseconds each way between the operator and the API server. */
  apiLatency: number;
  /** Chance that a request is refused with 500, 503 or 429 before anything happened. */
  apiError: number;
  /** Chance that the answer to a successful write never arrives. */
  apiLostAnswer: number;
  /** Chance that an optimistic write meets a conflict, as if another writer had been faster. */
  apiConflict: number;
  /** Chance, per event, that a watch is cut off. */
  watchDrop: number;
  /** Maximum delay of a watch event, in milliseconds. */
  watchLag: number;
  /** No request gets through and no event arrives. */
  apiDown: boolean;
}

export function calm(): Weather {
  return { apiLatency: 2, apiError: 0, apiLostAnswer: 0, apiConflict: 0, watchDrop: 0, watchLag: 5, apiDown: false };
}

/** Random faults: no two storms are alike. */
export function stormy(random: Random): Weather {
  const often = (most: number) => (random.chance(0.5) ? random.next() * most : 0);
  return {
    apiLatency: random.between(1, 200),
    apiError: often(0.1),
    apiLostAnswer: often(0.1),
    apiConflict: often(0.1),
    watchDrop: often(0.2),
    watchLag: random.between(1, 2000),
    apiDown: false,
  };
}
