import type { Output } from "../cli/command.ts";
import { isReady, type ProgressState, type Row, type Stage, seconds } from "./progress.ts";
import { renderScreen } from "./screen.ts";

/** Shows progress as it happens. */
export interface Display {
  begin(name: string, text: string): void;
  update(text: string): void;
  end(text: string): void;
  fail(text: string): void;
  note(text: string): void;
  rows(rows: readonly Row[]): void;
  /** Leaves the last picture on the screen; later output appears below it. */
  close(): void;
}

/** Where and how progress is shown. */
export interface DisplayOptions {
  readonly stream: Output;
  /** Redraws a picture; otherwise prints one line per event. */
  readonly live: boolean;
  readonly color: boolean;
  /** Milliseconds since the start. */
  readonly elapsed: () => number;
}

/** A picture for a person at a terminal; elsewhere (a pipe, a CI log) lines that are only appended. */
export function openDisplay(options: DisplayOptions): Display {
  return options.live ? liveDisplay(options) : plainDisplay(options);
}

function liveDisplay({ stream, color, elapsed }: DisplayOptions): Display {
  let state: ProgressState = { stages: [], rows: [], notes: [] };
  let drawn = 0;
  let closed = false;
  const draw = () => {
    if (closed) return;
    const lines = renderScreen(state, { width: stream.columns ?? 80, now: elapsed(), color });
    // Only the end of a picture taller than the terminal can be redrawn.
    const visible = lines.slice(-Math.max(1, (stream.rows ?? 25) - 1));
    const up = drawn === 0 ? "" : `\x1b[${drawn}A`;
    stream.write(`${up}\r${visible.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
    drawn = visible.length;
  };
  stream.write("\x1b[?25l");
  const showCursor = () => stream.write("\x1b[?25h");
  process.once("exit", showCursor);
  const timer = setInterval(draw, 100);
  const change = (next: Partial<ProgressState>) => {
    state = { ...state, ...next };
    draw();
  };
  const last = (change: Partial<Stage>) =>
    state.stages.map((stage, index) => (index === state.stages.length - 1 ? { ...stage, ...change } : stage));
  return {
    begin: (name, text) => change({ stages: [...state.stages, { name, text, state: "Active", startedAt: elapsed() }] }),
    update: (text) => change({ stages: last({ text }) }),
    end: (text) => change({ stages: last({ text, state: "Done", endedAt: elapsed() }) }),
    fail: (text) => change({ stages: last({ text, state: "Failed", endedAt: elapsed() }) }),
    note: (text) => change({ notes: [...state.notes, text] }),
    rows: (rows) => change({ rows }),
    close: () => {
      draw();
      closed = true;
      clearInterval(timer);
      showCursor();
      process.removeListener("exit", showCursor);
    },
  };
}

function plainDisplay({ stream, elapsed }: DisplayOptions): Display {
  let stage = { name: "", text: "", startedAt: 0 };
  const said = new Map<string, string>();
  const line = (text: string) => stream.write(`${seconds(elapsed()).padStart(8)}  ${text}\n`);
  return {
    begin: (name, text) => {
      stage = { name, text, startedAt: elapsed() };
      line(`${name}: ${text}`);
    },
    update: (text) => {
      if (text !== stage.text) line(`${stage.name}: ${text}`);
      stage = { ...stage, text };
    },
    end: (text) => line(`${stage.name}: done in ${seconds(elapsed() - stage.startedAt)}: ${text}`),
    fail: (text) => line(`${stage.name}: failed: ${text}`),
    note: (text) => line(text),
    rows: (rows) => {
      for (const row of rows) {
        const key = `${row.kind} ${row.namespace}/${row.name}`;
        const text = rowText(row);
        if (said.get(key) !== text) line(`${key} ${text}`);
        said.set(key, text);
      }
    },
    close: () => undefined,
  };
}

/** `is ready`, or the obstacle. */
export function rowText(row: Row): string {
  if (isReady(row)) return "is ready";
  if (row.ready === undefined) return row.message === "" ? "waits for the operator" : `is unknown: ${row.message}`;
  return `is not ready: ${row.reason}${row.message === "" ? "" : `: ${row.message}`}`;
}
