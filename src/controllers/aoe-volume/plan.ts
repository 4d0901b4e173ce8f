import { type Finding, found } from "../finding.ts";
import { ensureAddress } from "./ensure-address.ts";
import { ensureClients } from "./ensure-clients.ts";
import { backingProblem, ensureExport } from "./ensure-export.ts";
import { ensureServer } from "./ensure-server.ts";
import type { VolumeObservation } from "./observation.ts";

/** Each ensures one thing and reports it in its condition; the first that cannot proceed ends the list. */
const ensures = [ensureServer, ensureAddressOrBacking, ensureExport, ensureClients];

/** A missing backing is reported before an unverified address, because a listening client would not help then. */
function ensureAddressOrBacking(volume: VolumeObservation): Finding {
  const address = ensureAddress(volume);
  if (!address.conditions.some(({ type, reason }) => type === "Exported" && reason === "AddressUnverified"))
    return address;
  const backing = backingProblem(volume);
  if (backing === undefined) return address;
  const conflicted = address.conditions.filter(({ type }) => type === "Conflicted");
  return { ...address, conditions: [...conflicted, ...backing.conditions] };
}

/** The plan of a volume: a pure function of the observation. */
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
