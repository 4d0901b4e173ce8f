import type { AoeServerSpec, AoeServerStatus } from "../../api/aoe-server.ts";
import { cut } from "../../api/fit-status.ts";
import type { AoeServer } from "../../api/kinds.ts";
import type { Export, HostFacts } from "../../host/facts.ts";
import { keyOf } from "../../runtime/kube-api.ts";
import { keeperOf } from "../aoe-volume/export-parameters.ts";
import { volumesOn } from "../aoe-volume/watches.ts";
import { type HostRef, type ObjectRef, parseMark } from "../identity.ts";
import type { Stores } from "../world.ts";

/** Everything that the plan and the status of a server depend on, as plain data. */
export interface ServerObservation {
  readonly host: HostRef;
  readonly spec: AoeServerSpec;
  readonly facts: HostFacts;
  /** Its exports and their volumes, bounded; undefined: not reported. */
  readonly exports: AoeServerStatus["exports"];
}

/** The observation of a server that answers. */
export const observeServer = ({ kind, name }: ObjectRef, spec: AoeServerSpec, facts: HostFacts): ServerObservation => ({
  ...{ host: { kind, name }, spec, facts },
  exports: facts.exports.state === "known" ? facts.exports.value.slice(0, 256).map(shown) : undefined,
});

const shown = (one: Export): NonNullable<AoeServerStatus["exports"]>[number] => ({
  target: `e${one.shelf}.${one.slot}`,
  interface: cut(one.interface, 16) || "-",
  backing: cut(one.backing, 512) || "-",
  state: one.pid === undefined ? "Stopped" : "Running",
  ...(keeperOf(one) === "" ? {} : { unit: cut(keeperOf(one), 128) }),
  ...volumeOf(one),
});

/** The AoeVolume for which an export was made. Its mark is text from a host, so it is cut. */
function volumeOf(one: Pick<Export, "owner">) {
  const { namespace, name } = parseMark(one.owner);
  return namespace === "" || name === "" ? {} : { volumeRef: { namespace: cut(namespace, 63), name: cut(name, 253) } };
}

/** Names of the AoeVolumes that refer to a server, sorted. */
export const referringVolumes = (stores: Stores, server: AoeServer): string[] =>
  volumesOn(stores, keyOf(server))
    .map(({ metadata }) => metadata.name)
    .sort();
