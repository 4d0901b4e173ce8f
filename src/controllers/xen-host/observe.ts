import type { XenHost } from "../../api/kinds.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import type { HostFacts } from "../../host/facts.ts";
import { keyOf, keyString, type ObjectKey } from "../../runtime/kube-api.ts";
import { watchdogBound } from "../gone/dead-time.ts";
import { currentFacts } from "../hosts/view.ts";
import { type HostRef, refTo, xenHost } from "../identity.ts";
import { hostSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { type ConsolePassword, consolePassword } from "./console-password.ts";
import { type ObservedDrain, observeDrain } from "./drain.ts";
import type { ObservedRelocation, Partner } from "./relocation.ts";

/** Everything that the plan and the status of a dom0 depend on, as plain data. */
export interface HostObservation {
  readonly host: HostRef;
  readonly name: string;
  readonly spec: XenHostSpec;
  readonly facts: HostFacts;
  readonly relocation: ObservedRelocation;
  /** Receivers that it has reached since the status was written, with the digest of the keys. */
  readonly verified: ReadonlyMap<string, string>;
  readonly password: ConsolePassword;
  /** How many milliseconds a watchdog may take to reset it; undefined where it is not a node of any cluster. */
  readonly watchdogBoundMs: number | undefined;
  readonly drain: ObservedDrain;
}

/** Gathers from memory everything that the plan of a dom0 depends on. `facts`: of the last look, which was answered. */
export function observeHost(
  world: World,
  object: XenHost,
  { spec, facts, verified }: Pick<HostObservation, "spec" | "facts" | "verified">,
): HostObservation {
  const { namespace, name } = keyOf(object);
  return {
    ...{ host: xenHost(name), name, spec, facts, verified },
    relocation: relocationSight(world, object, verified),
    password: consolePassword(name, spec, (secret) => world.stores.secrets.get({ namespace, name: secret })),
    watchdogBoundMs: watchdogBound(world, { namespace, name }),
    drain: observeDrain(world, object),
  };
}

/** The migration partners of a host, from its own spec and those of the others. `verified`: not in its status yet. */
function relocationSight(world: World, host: XenHost, verified: ReadonlyMap<string, string>): ObservedRelocation {
  const { namespace = "", name } = host.metadata;
  const parsed = hostSpec(host);
  const enabled = parsed.ok && parsed.spec.relocation.mode === "Enabled";
  const senders = enabled
    ? parsed.spec.relocation.allowedSourceHostRefs.map((peer) => ({ namespace, name: peer.name }))
    : [];
  const receivers = world.stores.hosts.byIndex("sender", keyString(keyOf(host))).map((receiver) => keyOf(receiver));
  return {
    name,
    address: addressOf(host),
    senders: senders.map((key) => partner(world, key)),
    receivers: receivers.map((key) => partner(world, key)),
    verified: new Map([...verifiedBy(host), ...verified]),
  };
}

function partner(world: World, key: ObjectKey): Partner {
  const object = world.stores.hosts.get(key);
  const relocation = currentFacts(world.machines.of(refTo("XenHost", key.namespace, key.name))?.agent.view)?.relocation;
  const keys = relocation?.state === "known" && relocation.value.publicKey !== "" ? relocation.value : undefined;
  return { name: key.name, address: object === undefined ? "" : addressOf(object), keys, verified: verifiedBy(object) };
}

/** The address from which a host sends domains and at which it receives them. */
function addressOf(host: XenHost): string {
  const parsed = hostSpec(host);
  return parsed.ok ? (parsed.spec.relocation.address ?? parsed.spec.ssh.host) : "";
}

const verifiedBy = (host: XenHost | undefined) =>
  new Map((host?.status?.relocation?.verified ?? []).map(({ hostRef: { name }, digest }) => [name, digest]));
