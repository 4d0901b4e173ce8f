import type { ProbeRequest } from "../host/actions.ts";
import { path as hostPath, InvalidValue, interfaceName } from "../host/values.ts";
import { keyString } from "../runtime/kube-api.ts";
import { isPlainlyOutside } from "./aoe-volume/bounds.ts";
import { backingPath, interfaceOf } from "./aoe-volume/export-parameters.ts";
import type { Stores } from "./fleet.ts";
import { parseId } from "./names.ts";
import { hostSpec, serverSpec, volumeSpec } from "./specs.ts";

/** What every object on a machine needs to know of it, in one question. */
export function probeRequest(stores: Stores, members: readonly string[]): ProbeRequest {
  const roles = new Set<"Server" | "Client">();
  const backings = new Set<string>();
  const segments = new Set<string>();
  for (const member of members) {
    const { kind, key } = parseId(member);
    if (kind === "XenHost") {
      const host = stores.hosts.get(key);
      const parsed = host && hostSpec(host);
      roles.add("Client");
      if (parsed?.ok) for (const name of parsed.spec.aoe.interfaces) segments.add(name);
      continue;
    }
    const server = stores.servers.get(key);
    const parsed = server && serverSpec(server);
    roles.add("Server");
    if (parsed?.ok) segments.add(parsed.spec.interface);
    for (const volume of stores.volumes.byIndex("server", keyString(key))) {
      const spec = volumeSpec(volume);
      if (!spec.ok) continue;
      if (parsed?.ok) segments.add(interfaceOf(spec.spec, parsed.spec));
      const path = backingPath(spec.spec);
      const outside = parsed?.ok === true && isPlainlyOutside(spec.spec, parsed.spec.allowedBackings);
      if (!outside && accepts(hostPath, path)) backings.add(path);
    }
  }
  return {
    roles: [...roles].sort(),
    backings: [...backings].sort(),
    segments: [...segments].filter((name) => accepts(interfaceName, name)).sort(),
  };
}

/** One object's odd value must not spoil the probe of all. */
function accepts(form: (value: string) => string, value: string): boolean {
  try {
    return form(value) === value;
  } catch (error) {
    if (error instanceof InvalidValue) return false;
    throw error;
  }
}
