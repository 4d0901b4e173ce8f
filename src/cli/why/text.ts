import type { Paint } from "../paint.ts";
import { type Branch, drawTree } from "../tree.ts";
import { wrap } from "../wrap.ts";
import { causesOf, type Link } from "./chain.ts";

/** How wide and in which colours the chain is written. */
export interface TextOptions {
  /** Columns that a line should not exceed. */
  readonly width: number;
  readonly paint: Paint;
}

/** The chain for people: a tree, then where it ends and what to do about that. */
export function chainText(link: Link, options: TextOptions): string {
  const [first, ...rest] = causesOf(link);
  const causes = first === undefined || (first === link && rest.length === 0) ? [] : [first, ...rest];
  const lines = [
    ...drawTree(branch(link, options, 0)),
    ...(causes.length === 0 ? [] : ["", "Cause:", ...causes.flatMap((cause) => causeLines(cause, options))]),
    ...(causes.length === 0 && link.action !== undefined
      ? ["", ...wrap(`What to do: ${link.action}`, options.width)]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

const marks = { True: "✔", False: "✘", Unknown: "?", Missing: "✘" };
const formats = { True: "green", False: "red", Unknown: "yellow", Missing: "red" } as const;

function branch(link: Link, options: TextOptions, depth: number): Branch {
  const { paint } = options;
  const width = Math.max(40, options.width - 3 * depth - 4);
  const by = link.by === undefined ? "" : paint("dim", ` (${link.by})`);
  const head = `${paint(formats[link.state], marks[link.state])} ${link.kind} ${paint("bold", link.name)}${by}: ${link.reason}`;
  if (link.repeated) return { lines: [`${head} (see above)`], children: [] };
  const complaints = link.complaints.flatMap(({ type, status, reason, message }) =>
    wrap(`${type} ${status}, ${reason}: ${message}`, width).map((line) => `  ${line}`),
  );
  return {
    lines: [head, ...wrap(link.message, width).map((line) => `  ${line}`), ...complaints],
    children: link.waitsFor.map((child) => branch(child, options, depth + 1)),
  };
}

function causeLines({ kind, name, reason, message, state, action }: Link, { width }: TextOptions): string[] {
  const what = state === "Missing" ? message : `${kind} ${name}, ${reason}: ${message}`;
  return [
    ...wrap(what, width - 4).map((line, index) => (index === 0 ? `  * ${line}` : `    ${line}`)),
    ...(action === undefined ? [] : wrap(`What to do: ${action}`, width - 4).map((line) => `    ${line}`)),
  ];
}
