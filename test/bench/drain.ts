import type { KubeObject } from "../../src/runtime/kube-api.ts";
import { createDialer } from "../../src/ssh/dialer.ts";
import { conditionOf } from "../simulation/stage.ts";
import { dom0sOf, domainConfiguration, withRelocation } from "./dom0s.ts";
import { planFleet } from "./fleet.ts";
import type { Measurement } from "./measurement.ts";
import { sleep, startOperator, until } from "./operator.ts";
import { openStand } from "./stand.ts";

const memory = 512;

/**
 * The time to drain a dom0, beside that of the `xl migrate`s it consists of. A host sends one domain at a time, so they
 * run one after the other: their sum is the critical path.
 */
export async function drain(domains: number): Promise<Measurement> {
  const size = { segments: 1, servers: 1, dom0s: 3, volumes: 0, clientsPerVolume: 0 };
  const plan = withRelocation(await planFleet(size, "Installed"));
  const stand = openStand(plan);
  const names = dom0sOf(plan);
  const [source = ""] = names;
  stand.rack.xen.share(names, "/srv/xen");
  for (let number = 1; number <= domains; number++)
    stand.rack.xen.createDomain(source, domainConfiguration(`vm-${number}`, memory, number));
  stand.apply(plan.objects);
  await stand.converge();
  const server = await stand.goReal();
  const dialer = createDialer({ allow: ["127.0.0.0/8"] });
  const operator = startOperator({ kube: stand.kube, dialer, clock: stand.clock, config: {} });
  try {
    await until("everything is Ready", 60, () => stand.notReady().length === 0);
    // By then the first look of this operator is over.
    await sleep(5000);
    const phases = new Map<string, number[]>();
    stand.rack.subscribe((event) => {
      if (event.kind !== "MigrationPhase") return;
      const times = phases.get(event.uuid) ?? [];
      phases.set(event.uuid, times);
      times.push(performance.now());
    });
    const begin = performance.now();
    stand.apply([maintained(plan.objects, source)]);
    const host = () =>
      stand.api.list(stand.api.kindNamed("XenHost")).items.find(({ metadata }) => nameIn(metadata) === source);
    await until("the host is drained", 120 * domains, () => {
      const object = host();
      return object !== undefined && conditionOf(object, "Drained").status === "True";
    });
    const whole = performance.now() - begin;
    const each = [...phases.values()].map((times) => (times.at(-1) ?? 0) - (times[0] ?? 0));
    const sum = each.reduce((total, one) => total + one, 0);
    return {
      name: `drain of a dom0 with ${domains} domains / its xl migrates, one after the other`,
      value: whole / sum,
      unit: "",
      target: { kind: "atMost", value: 1.05 },
      setup: `real SSH, API in memory; 3 dom0s, domains of ${memory} MiB`,
      detail: { wholeMs: Math.round(whole), xlMs: each.map(Math.round) },
    };
  } finally {
    operator.stop();
    await operator.ended;
    await dialer.close();
    await server.close();
  }
}

const nameIn = (metadata: unknown) =>
  typeof metadata === "object" && metadata !== null && "name" in metadata ? metadata.name : undefined;

/** The XenHost with `maintenance: Drain`. */
function maintained(objects: readonly KubeObject[], name: string): KubeObject & Record<string, unknown> {
  const host = objects.find(({ kind, metadata }) => kind === "XenHost" && metadata.name === name);
  if (host === undefined || !("spec" in host) || typeof host.spec !== "object")
    throw new Error(`there is no XenHost ${name}`);
  return { ...host, spec: { ...host.spec, maintenance: "Drain" } };
}
