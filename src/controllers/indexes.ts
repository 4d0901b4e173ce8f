import { z } from "zod";
import type { AoeServer, AoeVolume, XenHost } from "../api/kinds.ts";
import { hasCondition } from "../runtime/conditions.ts";
import type { IndexFunction } from "../runtime/store.ts";
import { backingPath } from "./aoe-volume/export-parameters.ts";
import { addressText } from "./hosts/facts-diff.ts";
import { volumeSpec } from "./specs.ts";

const namespaceOf = (object: { metadata: { namespace?: string } }) => object.metadata.namespace ?? "";

/** How volumes are found without looking at all of them. Volumes with an invalid spec are in `server` and `conflicted` only. */
export const volumeIndexes = {
  /** `namespace/server` */
  server: (volume: AoeVolume) => {
    const name = serverNameOf(volume);
    return name === undefined ? [] : [`${namespaceOf(volume)}/${name}`];
  },
  /** `namespace/client` */
  client: (volume: AoeVolume) => [
    ...new Set([
      ...ofSpec((spec, namespace) => (spec.clients ?? []).map(({ name }) => `${namespace}/${name}`))(volume),
      ...(volume.status?.clients ?? []).map(({ name }) => `${namespaceOf(volume)}/${name}`),
    ]),
  ],
  /** `shelf.slot` */
  address: ofSpec((spec) => [addressText(spec)]),
  /** `namespace/server path` */
  backing: ofSpec((spec, namespace) => [`${namespace}/${spec.serverRef.name} ${backingPath(spec)}`]),
  conflicted: (volume: AoeVolume) => (hasCondition(volume.status?.conditions, "Conflicted") ? ["yes"] : []),
} satisfies Record<string, IndexFunction<AoeVolume>>;

function ofSpec(
  values: (spec: Extract<ReturnType<typeof volumeSpec>, { ok: true }>["spec"], namespace: string) => readonly string[],
): IndexFunction<AoeVolume> {
  return (volume) => {
    const parsed = volumeSpec(volume);
    return parsed.ok ? values(parsed.spec, namespaceOf(volume)) : [];
  };
}

const referring = z.object({ serverRef: z.object({ name: z.string() }) });

/** The server that a volume names, even in a spec that is invalid otherwise: its export may run there. */
export function serverNameOf({ spec }: AoeVolume): string | undefined {
  return referring.safeParse(spec).data?.serverRef.name;
}

export type HostObject = AoeServer | XenHost;
