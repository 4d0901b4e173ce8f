import type { HostCommand } from "./command.ts";
import { loadScript, type ScriptName } from "./scripts.ts";

/** A script with checked arguments. */
export function command(
  name: ScriptName,
  timeoutSeconds: number,
  ensures: string,
  args: readonly string[],
): HostCommand {
  return { script: loadScript(name), args, timeoutSeconds, ensures };
}
