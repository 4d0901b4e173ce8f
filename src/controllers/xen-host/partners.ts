import type { XenHost } from "../../api/kinds.ts";
import { keyOf, keyString, type ObjectKey } from "../../runtime/kube-api.ts";
import { currentFacts } from "../hosts/view.ts";
import { refTo } from "../identity.ts";
import { hostSpec } from "../specs.ts";
import type { World } from "../world.ts";
import type { ObservedRelocation, Partner } from "./relocation.ts";

/** With whom a host exchanges domains, from its own spec and from those of the others. `verified`: what is not in its status yet. */
export function relocationSight(
  world: World,
  host: XenHost,
  verified: ReadonlyMap<string, string>,
): ObservedRelocation {
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

/** Where a host sends domains from and receives them at. */
function addressOf(host: XenHost): string {
  const parsed = hostSpec(host);
  return parsed.ok ? (parsed.spec.relocation.address ?? parsed.spec.ssh.host) : "";
}

const verifiedBy = (host: XenHost | undefined) =>
  new Map((host?.status?.relocation?.verified ?? []).map(({ hostRef: { name }, digest }) => [name, digest]));
