import type { KubeApi, KubeObject } from "../../src/runtime/kube-api.ts";
import { directDialer } from "../../src/sim/dialer.ts";
import { createRack, type Rack } from "../../src/sim/rack.ts";
import { type RackServer, serveRack } from "../../src/sim/ssh-server.ts";
import { customResourceDefinitions } from "../simulation/definitions.ts";
import { conditionOf } from "../simulation/stage.ts";
import { ApiServer } from "../simulation/world/kube/api-server.ts";
import { toJsonObject } from "../simulation/world/kube/json.ts";
import { connectKubeApi } from "../simulation/world/kube/kube-client.ts";
import { seeded } from "../simulation/world/random.ts";
import { VirtualClock } from "../simulation/world/virtual-clock.ts";
import type { FleetPlan } from "./fleet.ts";
import { HandoverClock } from "./handover-clock.ts";
import { startOperator } from "./operator.ts";

/** A rack and an in-memory API server for measurements. */
export interface Stand {
  readonly api: ApiServer;
  readonly rack: Rack;
  readonly clock: HandoverClock;
  readonly kube: KubeApi;
  /** Objects with a Ready condition that is not True: `kind name reason message`. */
  notReady(): string[];
  apply(objects: readonly KubeObject[]): void;
  /** Converges in virtual time over the direct dialer, and stops that operator again. Returns the virtual seconds. */
  converge(): Promise<number>;
  /** From now on time is real, and the rack is reached over real SSH. */
  goReal(latencyMs?: number): Promise<RackServer>;
}

export function openStand(plan: FleetPlan): Stand {
  const virtual = new VirtualClock(seeded("bench"));
  const clock = new HandoverClock(virtual);
  const now = () => clock.now();
  const api = new ApiServer({ now, random: seeded("uid"), customResourceDefinitions: customResourceDefinitions() });
  const rack = createRack(plan.rackFile, { clock });
  const kube = connectKubeApi({ server: api, clock });
  const kinds = ["AoeServer", "XenHost", "AoeVolume"].map((kind) => api.kindNamed(kind));

  const notReady = () =>
    kinds.flatMap((kind) =>
      api.list(kind).items.flatMap((object) => {
        const { status, reason, message } = conditionOf(object, "Ready");
        const name = String(toJsonObject(object.metadata).name);
        return status === "True" ? [] : [`${kind.kind} ${name} ${reason}: ${message}`];
      }),
    );

  return {
    api,
    rack,
    clock,
    kube,
    notReady,
    apply(objects) {
      for (const object of objects) {
        const kind = api.kindNamed(object.kind ?? "");
        api.apply(kind, toJsonObject(object), { manager: "kubectl", force: true, status: false });
      }
    },
    async converge() {
      const operator = startOperator({ kube, dialer: directDialer(rack), clock, config: { probeIntervalSeconds: 30 } });
      const begin = virtual.now();
      const limit = begin + 3_600_000;
      let seen = -1;
      while (virtual.now() < limit) {
        await virtual.advance(5_000, () => {
          rack.settle();
          return false;
        });
        // No write for five seconds, and everything is Ready.
        if (api.resourceVersion === seen && notReady().length === 0) break;
        seen = api.resourceVersion;
      }
      const left = notReady();
      if (left.length > 0) throw new Error(`not Ready after an hour: ${left.slice(0, 5).join("\n")}`);
      // Two more looks at every host, so that no status is left to be written.
      await virtual.advance(65_000, () => {
        rack.settle();
        return false;
      });
      operator.stop();
      await virtual.advance(10_000);
      await operator.ended;
      return (virtual.now() - begin) / 1000;
    },
    goReal(latencyMs = 0) {
      clock.becomeReal();
      return serveRack(rack, { keys: plan.keys, latencyMs });
    },
  };
}
