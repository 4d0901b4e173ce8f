import type { Paint } from "../paint.ts";
import type { Change } from "./difference.ts";
import type { Forecast } from "./forecast.ts";

const signs = { Create: "+", Change: "~", Unchanged: "=", Refused: "✘", Unjudged: "?" };
const formats = { Create: "green", Change: "yellow", Unchanged: "dim", Refused: "red", Unjudged: "yellow" } as const;
const words = {
  Create: "would be created",
  Change: "would be changed",
  Unchanged: "would be unchanged",
  Refused: "would be refused",
  Unjudged: "cannot be checked yet",
};

/** The forecast as text for people. */
export function planText(forecasts: readonly Forecast[], paint: Paint): string {
  const counts = Object.entries(words).flatMap(([verdict, text]) => {
    const count = forecasts.filter((one) => one.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${text}`];
  });
  return `${[...forecasts.flatMap((one) => lines(one, paint)), "", `Nothing was applied: ${counts.join(", ")}.`].join("\n")}\n`;
}

function lines(one: Forecast, paint: Paint): string[] {
  const { kind, namespace, name, verdict, message } = one;
  const object = namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
  return [
    paint(
      formats[verdict],
      `${signs[verdict]} ${object} ${words[verdict]}${message === undefined ? "" : `: ${message}`}`,
    ),
    ...one.changes.map((change) => `    ${changeText(change)}`),
    ...one.dropped.map((path) => `    ${path}: no longer in the file; kubectl apply removes it`),
    ...one.missing.map((what) => paint("yellow", `    needs ${what}`)),
    ...(one.steps === undefined ? [] : stepLines(one.steps)),
  ];
}

function stepLines(steps: NonNullable<Forecast["steps"]>): string[] {
  if (steps.length === 0) return ["    with xensan.dev/dry-run, the operator would do nothing"];
  return [
    "    with xensan.dev/dry-run, the operator would:",
    ...steps.map(({ hostRef: { kind, name }, action, summary }) => `      ${kind} ${name}: ${action}: ${summary}`),
  ];
}

function changeText({ path, before, after }: Change): string {
  if (before === undefined) return `${path}: ${JSON.stringify(after)} is added`;
  if (after === undefined) return `${path}: ${JSON.stringify(before)} is removed`;
  return `${path}: ${JSON.stringify(before)} becomes ${JSON.stringify(after)}`;
}
