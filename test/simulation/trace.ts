import { epoch } from "./world/virtual-clock.ts";

/** The events of a run for people: one line per event, time first. */
export interface Trace {
  readonly lines: readonly string[];
  /** `who` in a column of its own: a host, `api`, `operator`, `user`, `fault`. `text` is called only if it is kept. */
  note(at: number, who: string, text: () => string): void;
}

export const silent: Trace = { lines: [], note: () => undefined };

export function recording(print: (line: string) => void = () => undefined): Trace {
  const lines: string[] = [];
  return {
    lines,
    note(at, who, text) {
      const line = `${clockTime(at)}  ${who.padEnd(10)} ${text()}`;
      lines.push(line);
      print(line);
    },
  };
}

/** `3:07.250` since the run began. */
export function clockTime(at: number): string {
  const ms = at - epoch;
  const seconds = ((ms % 60_000) / 1000).toFixed(3).padStart(6, "0");
  return `${String(Math.floor(ms / 60_000)).padStart(3)}:${seconds}`;
}
