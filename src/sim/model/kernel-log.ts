import type { KernelLine } from "./o2cb-state.ts";
import type { Host, World } from "./state.ts";

/** Adds a line to the kernel log of the host; the log is lost at the next boot. */
export function kernelSays(world: World, host: Host, kind: KernelLine["kind"], subject: string, message: string): void {
  host.running.log.push({ at: world.agenda.time, kind, subject, message });
}
