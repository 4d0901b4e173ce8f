import { styleText } from "node:util";
import { judged, polarity } from "../api/polarity.ts";
import { isReady, type ProgressState, type Row, type Stage, seconds } from "./progress.ts";

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** Options for drawing the picture. */
export interface ScreenOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Milliseconds since the start. */
  readonly now: number;
  readonly color: boolean;
}

type Format = Parameters<typeof styleText>[0];

/** The whole picture as lines, none wider than the terminal. */
export function renderScreen(state: ProgressState, options: ScreenOptions): string[] {
  const paint = (format: Format, text: string) =>
    options.color ? styleText(format, text, { validateStream: false }) : text;
  const lines = [
    ...state.stages.map((stage) => stageLine(stage, options, paint)),
    ...state.notes.map((note) => `    ${clip(note, options.width - 4)}`),
  ];
  return state.rows.length === 0 ? lines : [...lines, "", ...table(state.rows, options, paint)];
}

type Paint = (format: Format, text: string) => string;

function stageLine(stage: Stage, { now, width }: ScreenOptions, paint: Paint): string {
  const marks = {
    Active: paint("cyan", spinner[Math.floor(now / 100) % spinner.length] ?? "-"),
    Done: paint("green", "✔"),
    Failed: paint("red", "✘"),
  };
  const time = seconds((stage.endedAt ?? now) - stage.startedAt);
  const room = Math.max(10, width - 20 - time.length);
  const text = clip(stage.text, room);
  return `  ${marks[stage.state]} ${stage.name.padEnd(14)} ${text.padEnd(room)} ${paint("dim", time)}`;
}

function table(rows: readonly Row[], options: ScreenOptions, paint: Paint): string[] {
  const names = rows.map(({ name }) => name.length);
  const kindWidth = Math.max(4, ...rows.map(({ kind }) => kind.length));
  const nameWidth = Math.max(4, ...names);
  const reasonWidth = Math.max(6, ...rows.map(({ reason }) => reason.length));
  const fixed = 4 + kindWidth + 2 + nameWidth + 2 + reasonWidth + 2 + 8;
  const room = Math.max(0, options.width - fixed);
  const header = `    ${"KIND".padEnd(kindWidth)}  ${"NAME".padEnd(nameWidth)}  ${"REASON".padEnd(reasonWidth)}  ${"AFTER".padEnd(8)}${clip("CONDITIONS", room)}`;
  return [
    paint("dim", header),
    ...rows.flatMap((row) => {
      const mark = isReady(row)
        ? paint("green", "✔")
        : row.ready === "False"
          ? paint("yellow", "…")
          : paint("dim", "·");
      const after = row.readyAt === undefined ? "" : seconds(row.readyAt);
      const reason = row.reason.padEnd(reasonWidth);
      const line = `  ${mark} ${row.kind.padEnd(kindWidth)}  ${row.name.padEnd(nameWidth)}  ${isReady(row) ? paint("green", reason) : reason}  ${after.padEnd(8)}${conditions(row, room, paint)}`;
      const message =
        row.ready !== "False" || row.message === ""
          ? []
          : [paint("dim", `      ${clip(row.message, options.width - 6)}`)];
      return [line, ...message];
    }),
  ];
}

const conditionMarks = { Good: "✔", Bad: "✘", Unknown: "?", Idle: "·" };
const conditionFormats = { Good: "green", Bad: "yellow", Unknown: "dim", Idle: "dim" } as const;

function conditions(row: Row, room: number, paint: Paint): string {
  let left = room;
  const parts: string[] = [];
  for (const condition of row.conditions) {
    const { type } = condition;
    const verdict = judged(condition);
    // A condition that is good when False is shown only when it is not False.
    if (verdict === "Good" && polarity[type] === "Negative") continue;
    const text = `${conditionMarks[verdict]}${type}`;
    if (text.length + 1 > left) break;
    left -= text.length + 1;
    parts.push(paint(conditionFormats[verdict], text));
  }
  return parts.join(" ");
}

function clip(text: string, width: number): string {
  const [line = ""] = text.split("\n", 1);
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
