import { z } from "zod";
import type { AoeVolumeSpec } from "../../api/aoe-volume.ts";
import type { AoeVolume } from "../../api/kinds.ts";
import { hasCondition } from "../../runtime/conditions.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import { addressText } from "../hosts/facts-diff.ts";
import { keysIn } from "../identity.ts";
import { volumeSpec } from "../specs.ts";
import { backingPath, servedPath } from "./export-parameters.ts";

/** How volumes are found without looking at all of them. Volumes with an invalid spec are in `server` and `conflicted` only. */
export const volumeIndexes = {
  /** `namespace/server` */
  server: (volume: AoeVolume) => keysIn(volume, [serverNameOf(volume)]),
  /** `namespace/client` */
  client: (volume: AoeVolume) => {
    const listed = specOf(volume)?.clientRefs ?? [];
    return keysIn(
      volume,
      [...listed, ...(volume.status?.clients ?? []).map(({ hostRef }) => hostRef)].map(({ name }) => name),
    );
  },
  /** `shelf.slot` */
  address: (volume: AoeVolume) => [specOf(volume) ?? []].flat().map(addressText),
  /** `namespace/server path`, of the spec and as recorded */
  backing: (volume: AoeVolume) => {
    const spec = specOf(volume);
    if (spec === undefined) return [];
    const paths = new Set([backingPath(spec), servedPath(spec, volume.status?.backing?.path)]);
    const [server] = keysIn(volume, [spec.serverRef.name]);
    return [...paths].map((path) => `${server} ${path}`);
  },
  conflicted: (volume: AoeVolume) => (hasCondition(volume.status?.conditions, "Conflicted") ? ["yes"] : []),
} satisfies Record<string, IndexFunction<AoeVolume>>;

function specOf(volume: AoeVolume): AoeVolumeSpec | undefined {
  const parsed = volumeSpec(volume);
  return parsed.ok ? parsed.spec : undefined;
}

const referring = z.object({ serverRef: z.object({ name: z.string() }) });

/** The server that a volume names, even in a spec that is invalid otherwise: its export may run there. */
export function serverNameOf({ spec }: AoeVolume): string | undefined {
  return referring.safeParse(spec).data?.serverRef.name;
}
