import { draftClusters, labelOn } from "./clusters.ts";
import { draftHost, type Needs } from "./dom0.ts";
import { type Draft, judged } from "./draft.ts";
import { type Looked, named } from "./look.ts";
import { draftServer } from "./san.ts";

/** What was seen of a rack. */
export interface LookedRack {
  readonly sans: readonly Looked[];
  readonly dom0s: readonly Looked[];
}

/** Everything that stands on a rack, as objects that change nothing. `secret`: the Secret with the key of its hosts. */
export function draftRack(rack: LookedRack, secret: string): readonly Draft[] {
  const hosts = named("XenHost", rack.dom0s);
  const sans = named("AoeServer", rack.sans).map((server) =>
    draftServer(server, hosts, secret, (target) => labelOn(hosts, target)),
  );
  const volumes = withNamesOfTheirOwn(sans.flatMap((san) => san.volumes));
  const { clusters, shares } = draftClusters(hosts, volumes);
  const needsOf = (name: string): Needs => {
    const here = shares.filter((share) => share.hosts.includes(name));
    return {
      mountPoints: here.map((share) => share.mountPoint),
      mountOptions: here.flatMap((share) => share.harmful),
      bridges: [],
      bootFiles: [],
      domains: [],
      images: [],
    };
  };
  return [
    ...sans.map(({ server }) => server),
    ...volumes,
    ...hosts.map((host) => draftHost(host, hosts, needsOf(host.name), secret)),
    ...clusters,
  ].map(judged);
}

/** Two servers may call volumes alike. */
function withNamesOfTheirOwn<D extends Draft>(drafts: readonly D[]): readonly D[] {
  const taken = new Set<string>();
  return drafts.map((draft) => {
    let { name } = draft;
    for (let number = 2; taken.has(name); number += 1) name = `${draft.name}-${number}`;
    taken.add(name);
    return { ...draft, name };
  });
}
