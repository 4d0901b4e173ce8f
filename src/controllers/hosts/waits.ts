import type { HostCommand, Outcome } from "../../host/command.ts";
import { type ObjectRef, RefMap } from "../identity.ts";

/** What waits are built from. */
export interface WaitsOptions {
  /** Runs a command that changes nothing; undefined when it ended without an exit status. */
  readonly run: (command: HostCommand) => Promise<Outcome | undefined>;
}

/**
 * Commands that wait on the host for something to come, and change nothing: what a look would have to ask again and again.
 * They stand beside the jobs and in nobody's way.
 */
export class Waits {
  readonly #options: WaitsOptions;
  readonly #waiting = new RefMap<Promise<void>>();

  constructor(options: WaitsOptions) {
    this.#options = options;
  }

  /** What the host is at and somebody waits for. */
  get active(): number {
    return this.#waiting.size;
  }

  /** Nothing when the owner waits already. `come` hears how the wait ended, unless it was lost. */
  begin(owner: ObjectRef, command: HostCommand, come: (outcome: Outcome) => void): void {
    if (this.#waiting.has(owner)) return;
    const waiting = this.#options.run(command).then((outcome) => {
      this.#waiting.delete(owner);
      if (outcome !== undefined) come(outcome);
    });
    this.#waiting.set(owner, waiting);
  }

  /** Until nobody waits any more. */
  async ended(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting.values());
  }
}
