import { type Finding, found } from "../finding.ts";
import { ensureAddress } from "./ensure-address.ts";
import { ensureClients } from "./ensure-clients.ts";
import { backingProblem, ensureExport } from "./ensure-export.ts";
import { ensureServer } from "./ensure-server.ts";
import type { VolumeObservation } from "./observation.ts";

/** Each ensures one thing and says so in its condition; the first that cannot proceed ends the list. */
const ensures = [ensureServer, ensureAddressOrBacking, ensureExport, ensureClients];

/** A client that could listen would not help a volume whose backing is missing: then that is the reason. */
function ensureAddressOrBacking(volume: VolumeObservation): Finding {
  const address = ensureAddress(volume);
  if (!address.conditions.some(({ type, reason }) => type === "Exported" && reason === "AddressUnverified"))
    return address;
  const backing = backingProblem(volume);
  if (backing === undefined) return address;
  const conflicted = address.conditions.filter(({ type }) => type === "Conflicted");
  return { ...address, conditions: [...conflicted, ...backing.conditions] };
}

/** What is the matter with a volume, and what would be done about it: the same for the same observation, always. */
export function planVolume(volume: VolumeObservation): Finding {
  let sum = found([]);
  for (const ensure of ensures) {
    const finding = ensure(volume);
    sum = {
      ...finding,
      conditions: [...sum.conditions, ...finding.conditions],
      steps: [...sum.steps, ...finding.steps],
    };
    if (!finding.proceed) break;
  }
  return sum;
}
