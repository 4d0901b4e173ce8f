import { draftClusters, labelOn, withTemplates } from "./clusters.ts";
import { draftHost, type Needs } from "./dom0.ts";
import { draftDomains } from "./domains.ts";
import { type Draft, distinct, judged } from "./draft.ts";
import { factOf, type Looked, type NamedHost, named } from "./look.ts";
import { draftServer } from "./san.ts";

/** Results of the looks at the hosts of a rack. */
export interface LookedRack {
  readonly sans: readonly Looked[];
  readonly dom0s: readonly Looked[];
  /** Dom0s that were probed and did not answer, a line each. */
  readonly unseen?: readonly string[];
}

/** Drafts for everything on a rack, as objects that change nothing. `secret`: the Secret with the key of its hosts. */
export function draftRack(rack: LookedRack, secret: string): readonly Draft[] {
  const hosts = named("XenHost", rack.dom0s);
  const sans = named("AoeServer", rack.sans).map((server) =>
    draftServer(server, hosts, secret, (target) => labelOn(hosts, target)),
  );
  const volumes = withNamesOfTheirOwn(sans.flatMap((san) => san.volumes));
  const { clusters, shares } = draftClusters(hosts, volumes);
  const domains = draftDomains(hosts, shares, [...(rack.unseen ?? []), ...strangersOf(hosts)]);
  const needsOf = (name: string): Needs => {
    const run = domains.filter((domain) => domain.hosts.includes(name));
    const here = shares.filter((share) => share.hosts.includes(name));
    return {
      mountPoints: here.map((share) => share.mountPoint),
      mountOptions: here.flatMap((share) => share.harmful),
      bridges: run.flatMap((domain) => domain.bridges),
      bootFiles: run.flatMap((domain) => domain.bootFiles),
      settings: run.flatMap((domain) => domain.settings),
      domains: run.flatMap((domain) => domain.foreign),
      images: run.flatMap((domain) => domain.images),
    };
  };
  return [
    ...sans.map(({ server }) => server),
    ...volumes,
    ...hosts.map((host) => draftHost(host, hosts, needsOf(host.name), secret)),
    ...clusters.map((cluster) =>
      withTemplates(
        cluster,
        domains.flatMap(({ templates }) => templates),
      ),
    ),
    ...domains,
  ].map(judged);
}

/** Nodes of the hosts' clusters that were not looked at. */
function strangersOf(hosts: readonly NamedHost[]): string[] {
  const names = new Set(hosts.map(({ hostname }) => hostname.toLowerCase()));
  const nodes = hosts.flatMap(({ facts }) => {
    const { configuration, active } = factOf(facts.o2cb) ?? {};
    return [...(configuration?.state === "Readable" ? configuration.nodes : []), ...(active?.nodes ?? [])];
  });
  const others = nodes.map(({ name }) => name).filter((name) => !names.has(name.replace(/\..*$/, "").toLowerCase()));
  return distinct(others).map((name) => `the node ${name} was not probed`);
}

/** Two servers may have volumes of the same name. */
function withNamesOfTheirOwn<D extends Draft>(drafts: readonly D[]): readonly D[] {
  const taken = new Set<string>();
  return drafts.map((draft) => {
    let { name } = draft;
    for (let number = 2; taken.has(name); number += 1) name = `${draft.name}-${number}`;
    taken.add(name);
    return { ...draft, name };
  });
}
