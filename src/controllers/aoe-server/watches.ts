import { type AoeServer, aoeServers } from "../../api/kinds.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import { serverNameOf } from "../aoe-volume/watches.ts";
import { secretKeys, standsFor } from "../host-object.ts";
import { refsIn } from "../identity.ts";
import { serverSpec } from "../specs.ts";
import { type Controlled, membersOf, onChange, own, requestChanged } from "../watch.ts";
import type { World } from "../world.ts";

/** What wakes AoeServers. */
export const watchServers = ({ stores, machines }: World, reconciler: Reconciler): Controlled => ({
  kind: "AoeServer",
  objects: own(aoeServers, stores.servers),
  watches: [
    // A deleted server stays while volumes refer to it.
    onChange(stores.volumes, (volume) => refsIn(volume, "AoeServer", [serverNameOf(volume)]), { when: requestChanged }),
  ],
  onLook: (look) => membersOf("AoeServer", look),
  machines: (server) => [machines.of(server) ?? []].flat(),
  standsFor: (server) => standsFor(stores.servers.get(server), serverSpec),
  questions({ kind, ...key }) {
    if (kind !== "AoeServer") return {};
    const server = stores.servers.get(key);
    const parsed = server && serverSpec(server);
    return { roles: ["Server"], segments: parsed?.ok ? parsed.spec.interfaces.map(({ name }) => name) : [] };
  },
  reconciler,
});

/** Indexes of servers. */
export const serverIndexes = {
  /** `namespace/name` of the Secrets that it refers to. */
  secret: secretKeys,
} satisfies Record<string, IndexFunction<AoeServer>>;
