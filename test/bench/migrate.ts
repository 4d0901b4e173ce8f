import type { KubeObject } from "../../src/runtime/kube-api.ts";
import { createDialer } from "../../src/ssh/dialer.ts";
import { conditionOf } from "../simulation/stage.ts";
import { type FleetPlan, planFleet } from "./fleet.ts";
import type { Measurement } from "./measurement.ts";
import { sleep, startOperator, until } from "./operator.ts";
import { openStand } from "./stand.ts";

const domain = "vm-bench";
const configuration = [
  `name = "${domain}"`,
  'uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45"',
  ...['type = "pvh"', "memory = 128", "vcpus = 1", 'kernel = "/boot/vmlinuz"', "disk = [ ]", ""],
].join("\n");

/** The time of a XenMigration without its `xl migrate`: from its creation to Succeeded, minus xl's own time. */
export async function migrate(latencyMs: number): Promise<Measurement> {
  const size = { segments: 1, servers: 1, dom0s: 2, volumes: 0, clientsPerVolume: 0 };
  const plan = withRelocation(await planFleet(size, "Installed"));
  const stand = openStand(plan);
  const [source = "", target = ""] = dom0sOf(plan);
  stand.rack.xen.share([source, target], "/srv/xen");
  stand.rack.xen.createDomain(source, configuration);
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

const dom0sOf = ({ rackFile }: FleetPlan) => Object.keys(rackFile.hosts).filter((name) => name.startsWith("dom0-"));

/** Gives each dom0 an address, and lets it receive domains from the others. */
function withRelocation(plan: FleetPlan): FleetPlan {
  const names = dom0sOf(plan);
  const addressOf = (name: string) => `10.99.0.${names.indexOf(name) + 11}`;
  const hosts = Object.entries(plan.rackFile.hosts).map(([name, host]) => {
    const interfaces = host.interfaces.map((nic) =>
      nic.name === "eth1" && names.includes(name) ? { ...nic, address: `${addressOf(name)}/24` } : nic,
    );
    return [name, { ...host, interfaces }] as const;
  });
  const objects = plan.objects.map((object): KubeObject & Record<string, unknown> => {
    if (object.kind !== "XenHost") return { ...object };
    const { name } = object.metadata;
    const allowedSourceHostRefs = names.filter((other) => other !== name).map((other) => ({ name: other }));
    const spec = "spec" in object && typeof object.spec === "object" ? object.spec : {};
    return {
      ...object,
      spec: { ...spec, relocation: { mode: "Enabled", address: addressOf(name), allowedSourceHostRefs } },
    };
  });
  return { ...plan, rackFile: { hosts: Object.fromEntries(hosts) }, objects };
}

const migration = (target: string): KubeObject & Record<string, unknown> => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenMigration",
  metadata: { namespace: "bench", name: "move" },
  spec: { domain, targetHostRef: { name: target } },
});
