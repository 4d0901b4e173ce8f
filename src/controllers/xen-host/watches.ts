import { type XenHost, xenHosts } from "../../api/kinds.ts";
import { keyOf, keyString } from "../../runtime/kube-api.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import { secretKeys, standsFor } from "../host-object.ts";
import { keysIn, type ObjectRef, refsIn, refsOf } from "../identity.ts";
import { clusterSpec, hostSpec, migrationSpec, volumeSpec } from "../specs.ts";
import { type Controlled, hostsIn, membersOf, onChange, own, requestChanged } from "../watch.ts";
import type { Stores, World } from "../world.ts";

/** What wakes XenHosts. */
export const watchHosts = ({ stores, machines }: World, reconciler: Reconciler): Controlled => ({
  kind: "XenHost",
  objects: own(xenHosts, stores.hosts),
  watches: [
    onChange(stores.hosts, (host) => partnersOf(stores, host)),
    onChange(
      stores.volumes,
      (volume) => {
        const parsed = volumeSpec(volume);
        const clients = parsed.ok ? (parsed.spec.clientRefs ?? []) : [];
        return refsIn(
          volume,
          "XenHost",
          clients.map(({ name }) => name),
        );
      },
      { when: requestChanged },
    ),
    onChange(stores.clusters, (cluster) => {
      const parsed = clusterSpec(cluster);
      const nodes = parsed.ok ? parsed.spec.nodes.map(({ hostRef }) => hostRef.name) : [];
      // Former nodes wait until the cluster has left them.
      const former = (cluster.status?.nodes ?? []).map(({ hostRef }) => hostRef.name);
      return refsIn(cluster, "XenHost", [...nodes, ...former]);
    }),
    onChange(stores.migrations, (migration) => {
      const parsed = migrationSpec(migration);
      const { sourceHostRef, targetHostRef } = parsed.ok ? parsed.spec : {};
      const seen = migration.status;
      return refsIn(
        migration,
        "XenHost",
        new Set([sourceHostRef, targetHostRef, seen?.sourceHostRef, seen?.targetHostRef].map((ref) => ref?.name)),
      );
    }),
    onChange(stores.secrets, (secret) => refsOf("XenHost", stores.hosts.byIndex("password", keyString(keyOf(secret))))),
  ],
  onLook: (look) => [
    ...membersOf("XenHost", look),
    ...hostsIn(look).flatMap((member) => {
      const host = stores.hosts.get(member);
      return [member, ...(host === undefined ? [] : partnersOf(stores, host))];
    }),
  ],
  machines: (host) => [machines.of(host) ?? []].flat(),
  standsFor: (host) => standsFor(stores.hosts.get(host), hostSpec),
  questions({ kind, ...key }) {
    if (kind !== "XenHost") return {};
    const host = stores.hosts.get(key);
    const parsed = host && hostSpec(host);
    return { roles: ["Client"], segments: parsed?.ok ? parsed.spec.aoe.interfaces : [] };
  },
  reconciler,
});

/** The migration partners of a host. */
function partnersOf(stores: Stores, host: XenHost): ObjectRef[] {
  const parsed = hostSpec(host);
  const { mode, allowedSourceHostRefs } = parsed.ok
    ? parsed.spec.relocation
    : { mode: "Disabled", allowedSourceHostRefs: [] };
  const senders = mode === "Disabled" ? [] : allowedSourceHostRefs.map(({ name }) => name);
  return [
    ...refsOf("XenHost", stores.hosts.byIndex("sender", keyString(keyOf(host)))),
    ...refsIn(host, "XenHost", senders),
  ];
}

/** Indexes of hosts. */
export const hostIndexes = {
  /** `namespace/name` of the Secrets that it refers to. */
  secret: secretKeys,
  /** `namespace/name` of the hosts that may migrate domains to it. */
  sender: (host: XenHost) => {
    const parsed = hostSpec(host);
    const { mode, allowedSourceHostRefs } = parsed.ok
      ? parsed.spec.relocation
      : { mode: "Disabled", allowedSourceHostRefs: [] };
    return mode === "Enabled"
      ? keysIn(
          host,
          allowedSourceHostRefs.map(({ name }) => name),
        )
      : [];
  },
  /** `namespace/name` of the Secret with the password of its consoles. */
  password: (host: XenHost) => {
    const parsed = hostSpec(host);
    const secret = parsed.ok ? parsed.spec.relocation.vncPasswordSecretRef : undefined;
    return keysIn(host, secret === undefined ? [] : [secret.name]);
  },
} satisfies Record<string, IndexFunction<XenHost>>;
