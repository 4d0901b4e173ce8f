import type { RackEvent } from "../../../src/sim/model/events.ts";
import type { Rack } from "../../../src/sim/rack.ts";
import type { HostError, RunResult } from "../../../src/ssh/host-session.ts";
import type { SentScript } from "../world/host-client.ts";
import type { ApiServer, Change } from "../world/kube/api-server.ts";

/** A rule about the world, watched while it happens. */
export interface Invariant {
  readonly name: string;
  /** The rule, as a sentence. */
  readonly says: string;
  /** Called once per run, before anything happens. */
  readonly watch: (scene: Scene) => Watcher;
}

/** What a watcher can see. A watcher may keep notes, but must not change anything. */
export interface Scene {
  readonly rack: Rack;
  readonly server: ApiServer;
  readonly now: () => number;
  readonly violated: (message: string) => void;
}

/** Each callback is called at the moment of its event. */
export interface Watcher {
  readonly onRack?: (event: RackEvent) => void;
  readonly onApi?: (change: Change) => void;
  readonly onSent?: (sent: SentScript) => void;
  readonly onAnswered?: (sent: SentScript, answer: RunResult | HostError) => void;
}
