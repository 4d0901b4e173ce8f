import type { KubeObject } from "../../src/runtime/kube-api.ts";
import { createDialer } from "../../src/ssh/dialer.ts";
import { conditionOf } from "../simulation/stage.ts";
import { dom0sOf, domainConfiguration, withRelocation } from "./dom0s.ts";
import { planFleet } from "./fleet.ts";
import type { Measurement } from "./measurement.ts";
import { sleep, startOperator, until } from "./operator.ts";
import { openStand } from "./stand.ts";

const domain = "vm-bench";

/** The time of a XenMigration without its `xl migrate`: from its creation to Succeeded, minus xl's own time. */
export async function migrate(latencyMs: number): Promise<Measurement> {
  const size = { segments: 1, servers: 1, dom0s: 2, volumes: 0, clientsPerVolume: 0 };
  const plan = withRelocation(await planFleet(size, "Installed"));
  const stand = openStand(plan);
  const [source = "", target = ""] = dom0sOf(plan);
  stand.rack.xen.share([source, target], "/srv/xen");
  stand.rack.xen.createDomain(source, domainConfiguration(domain, 128));
  stand.apply(plan.objects);
  await stand.converge();
  const server = await stand.goReal(latencyMs);
  const dialer = createDialer({ allow: ["127.0.0.0/8"] });
  const operator = startOperator({ kube: stand.kube, dialer, clock: stand.clock, config: {} });
  try {
    await until("everything is Ready", 60, () => stand.notReady().length === 0);
    // By then the first look of this operator is over.
    await sleep(5000);
    const phases: number[] = [];
    stand.rack.subscribe((event) => {
      if (event.kind === "MigrationPhase") phases.push(performance.now());
    });
    const begin = performance.now();
    stand.apply([migration(target)]);
    const found = () => stand.api.list(stand.api.kindNamed("XenMigration")).items[0];
    await until("the migration has succeeded", 120, () => {
      const object = found();
      return object !== undefined && conditionOf(object, "Succeeded").status === "True";
    });
    const whole = performance.now() - begin;
    const xl = (phases.at(-1) ?? 0) - (phases[0] ?? 0);
    return {
      name: `XenMigration beyond its xl migrate, ${latencyMs} ms latency`,
      value: (whole - xl) / 1000,
      unit: "s",
      target: { kind: "atMost", value: 2 },
      setup: "real SSH, latency each way, API in memory; 2 dom0s, 128 MiB",
      detail: { wholeMs: Math.round(whole), xlMs: Math.round(xl) },
    };
  } finally {
    operator.stop();
    await operator.ended;
    await dialer.close();
    await server.close();
  }
}

const migration = (target: string): KubeObject & Record<string, unknown> => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenMigration",
  metadata: { namespace: "bench", name: "move" },
  spec: { domain, targetHostRef: { name: target } },
});
