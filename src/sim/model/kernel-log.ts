import type { KernelLine } from "./o2cb-state.ts";
import type { Host, World } from "./state.ts";

/** A line in the kernel's log of the host; it is gone after the next boot. */
export function kernelSays(world: World, host: Host, kind: KernelLine["kind"], subject: string, message: string): void {
  host.running.log.push({ at: world.agenda.time, kind, subject, message });
}
