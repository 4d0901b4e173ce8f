import type { RackEvent } from "../../src/sim/model/events.ts";

/** An event of the rack in one line: `VbladeStarted pid 412 shelf 0 slot 1 …`, with the command that caused it. */
export function describeEvent(event: RackEvent): string {
  const { at: _at, host: _host, command, kind, ...rest } = event;
  const words = Object.entries(rest).map(
    ([field, value]) => `${field} ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `${kind} ${words.join(" ")}${command === undefined ? "" : ` [command ${command}]`}`.replaceAll("\n", "⏎");
}
