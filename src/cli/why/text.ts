import type { Paint } from "../paint.ts";
import { type Branch, drawTree } from "../tree.ts";
import { wrap } from "../wrap.ts";
import { causesOf, type Link } from "./chain.ts";

/** Width and colours of the printed chain. */
export interface TextOptions {
  /** Columns that a line should not exceed. */
  readonly width: number;
  readonly paint: Paint;
  /** Prints each name with its namespace. */
  readonly qualified?: boolean;
}

/** Chains as text for people: a tree each, then the causes and what to do about them. */
export function chainText(chains: readonly Link[], options: TextOptions): string {
  const [only, ...others] = chains;
  const causes = causesOf(...chains);
  // Do not repeat what was printed for a single object.
  const isItself = others.length === 0 && causes.every((cause) => cause === only);
  const lines = [
    ...chains.flatMap((link) => drawTree(branch(link, options, 0))),
    ...(isItself ? [] : ["", "Cause:", ...causes.flatMap((cause) => causeLines(cause, options))]),
    ...(isItself && only?.action !== undefined ? ["", ...wrap(`What to do: ${only.action}`, options.width)] : []),
  ];
  return `${lines.join("\n")}\n`;
}

const nameOf = ({ namespace, name }: Link, { qualified }: TextOptions) =>
  qualified === true ? `${namespace}/${name}` : name;

const marks = { True: "✔", False: "✘", Unknown: "?", Missing: "✘" };
const formats = { True: "green", False: "red", Unknown: "yellow", Missing: "red" } as const;

function branch(link: Link, options: TextOptions, depth: number): Branch {
  const { paint } = options;
  const width = Math.max(40, options.width - 3 * depth - 4);
  const by = link.by === undefined ? "" : paint("dim", ` (${link.by})`);
  const head = `${paint(formats[link.state], marks[link.state])} ${link.kind} ${paint("bold", nameOf(link, options))}${by}: ${link.reason}`;
  if (link.repeated) return { lines: [`${head} (see above)`], children: [] };
  const complaints = link.complaints.flatMap(({ type, status, reason, message }) =>
    wrap(`${type} ${status}, ${reason}: ${message}`, width).map((line) => `  ${line}`),
  );
  return {
    lines: [head, ...wrap(link.message, width).map((line) => `  ${line}`), ...complaints],
    children: link.waitsFor.map((child) => branch(child, options, depth + 1)),
  };
}

function causeLines(link: Link, options: TextOptions): string[] {
  const { kind, reason, message, state, action } = link;
  const { width } = options;
  const what = state === "Missing" ? message : `${kind} ${nameOf(link, options)}, ${reason}: ${message}`;
  return [
    ...wrap(what, width - 4).map((line, index) => (index === 0 ? `  * ${line}` : `    ${line}`)),
    ...(action === undefined ? [] : wrap(`What to do: ${action}`, width - 4).map((line) => `    ${line}`)),
  ];
}
