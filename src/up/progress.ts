/** Progress of the embedded mode for a person: a list of stages, then a table that fills in. */
export interface ProgressState {
  readonly stages: readonly Stage[];
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** One stage of the start. */
export interface Stage {
  readonly name: string;
  readonly state: "Active" | "Done" | "Failed";
  readonly text: string;
  /** Milliseconds since the start. */
  readonly startedAt: number;
  readonly endedAt?: number;
}

/** One object that should become ready. */
export interface Row {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** The summary condition; absent while the object has no status. */
  readonly ready?: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  /** All other conditions, in their order. */
  readonly conditions: readonly {
    readonly type: string;
    readonly status: "True" | "False" | "Unknown";
    readonly reason: string;
  }[];
  /** Milliseconds from the start until it became ready. */
  readonly readyAt?: number;
}

/** Whether the object's summary is True. */
export const isReady = (row: Row): boolean => row.ready === "True";

/** Whether a migration has failed. A migration is one attempt: its False is final. */
export const hasFailed = (row: Row): boolean => row.kind === "XenMigration" && row.ready === "False";

/** `4.2 s` or `1 min 9 s`. */
export function seconds(milliseconds: number): string {
  const value = milliseconds / 1000;
  return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
}
