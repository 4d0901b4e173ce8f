import type { XenDomain } from "../../../src/api/kinds.ts";
import { xenDomains, xenHosts, xenMigrations } from "../../../src/api/kinds.ts";
import type { Manifest } from "../../../src/cli/up/manifests.ts";
import type { Scenario, Words } from "../scenario.ts";
import { countsOn, runsOn, sameGuest } from "./ticks.ts";

/** The domain of the tutorial moves while it runs, whatever happens on the way. */

const migration = (name: string, target: string): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenMigration",
  metadata: { name, namespace: "san" },
  ...{ spec: { domainRef: { name: "vm-test" }, targetHostRef: { name: target } } },
});

const patch = (kind: string, name: string, spec: object): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind,
  metadata: { name, namespace: "san" },
  ...{ spec },
});

async function hostOf({ get }: Words): Promise<string> {
  const { status } = await get<XenDomain>(xenDomains, "vm-test");
  return status?.host ?? "";
}

const other = (host: string) => (host === "bella" ? "brutus" : "bella");

/** Moves it to the other host while `meanwhile` happens; the guest must have gone on. */
async function move(words: Words, name: string, meanwhile: (from: string) => Promise<unknown> = async () => undefined) {
  const from = await hostOf(words);
  const before = await countsOn(words, from);
  const started = performance.now();
  await words.apply(migration(name, other(from)));
  await meanwhile(from);
  await words.become(xenMigrations, name, "Succeeded/True", 600);
  const took = (performance.now() - started) / 1000;
  const hosts = await runsOn(words);
  if (hosts.join() !== other(from)) throw new Error(`it runs on ${hosts.join(" and ")}`);
  sameGuest(before, await countsOn(words, other(from)));
  await words.become(xenDomains, "vm-test", "Ready/True", 120);
  return `${from} to ${other(from)} in ${took.toFixed(0)} s`;
}

/** The migration is under way: xl is at it on the source. */
const underWay = ({ until }: Words, from: string) => until(from, "pgrep -f '^xl migrate ' >/dev/null", 120);
const incoming = ({ until }: Words, to: string) => until(to, "xl list | grep -q -- --incoming", 120);

export const moves: readonly Scenario[] = [
  {
    name: "a running domain moves there and back",
    async run(words) {
      const there = await move(words, "there");
      return `${there}; ${await move(words, "back")}`;
    },
  },
  {
    name: "the operator is killed while memory is copied",
    async run(words) {
      return await move(words, "killed-in-precopy", async (from) => {
        await incoming(words, other(from));
        await words.operator.kill();
        await words.operator.start();
      });
    },
  },
  {
    name: "the operator is killed right after xl began",
    async run(words) {
      return await move(words, "killed-at-start", async (from) => {
        await underWay(words, from);
        await words.operator.kill();
        await words.operator.start();
      });
    },
  },
  {
    name: "the operator is away until the migration is over",
    async run(words) {
      return await move(words, "operator-away", async (from) => {
        await underWay(words, from);
        await words.operator.kill();
        await words.until(from, "! pgrep -f '^xl migrate ' >/dev/null", 300);
        await words.operator.start();
      });
    },
  },
  {
    name: "abort while memory is copied: it runs on where it was",
    async run(words) {
      const from = await hostOf(words);
      const before = await countsOn(words, from);
      await words.apply(migration("aborted", other(from)));
      await incoming(words, other(from));
      await words.apply(
        patch("XenMigration", "aborted", {
          domainRef: { name: "vm-test" },
          targetHostRef: { name: other(from) },
          abort: "Requested",
        }),
      );
      const message = await words.become(xenMigrations, "aborted", "Succeeded/False", 400);
      const hosts = await runsOn(words);
      if (hosts.join() !== from) throw new Error(`it runs on ${hosts.join(" and ")}`);
      sameGuest(before, await countsOn(words, from));
      return message;
    },
  },
  {
    name: "the target loses its power while memory is copied",
    async run(words) {
      const from = await hostOf(words);
      const before = await countsOn(words, from);
      await words.apply(migration("target-off", other(from)));
      await incoming(words, other(from));
      await words.power.cut(other(from));
      sameGuest(before, await countsOn(words, from));
      await words.power.restore(other(from));
      const message = await words.become(xenMigrations, "target-off", "Succeeded/False", 900);
      const hosts = await runsOn(words);
      if (hosts.join() !== from) throw new Error(`it runs on ${hosts.join(" and ")}`);
      sameGuest(before, await countsOn(words, from));
      await words.become(xenHosts, other(from), "Ready/True", 400);
      return message;
    },
  },
  {
    name: "bella is drained",
    async run(words) {
      if ((await hostOf(words)) !== "bella") await move(words, "home");
      const before = await countsOn(words, "bella");
      await words.apply(...(await maintained(words, "Drain")));
      await words.become(xenHosts, "bella", "Drained/True", 600);
      const hosts = await runsOn(words);
      if (hosts.join() !== "brutus") throw new Error(`it runs on ${hosts.join(" and ")}`);
      sameGuest(before, await countsOn(words, "brutus"));
      await words.apply(...(await maintained(words, "None")));
      return "its domain runs on brutus";
    },
  },
];

/** The manifest of bella with another maintenance. */
async function maintained({ examples }: Words, maintenance: string): Promise<Manifest[]> {
  const manifests = await examples("tutorial/20-dom0s.yaml");
  return manifests
    .filter(({ metadata }) => metadata.name === "bella")
    .map((manifest) => ({ ...manifest, ...{ spec: { ...specOf(manifest), maintenance } } }));
}

const specOf = (manifest: Manifest): object =>
  "spec" in manifest && typeof manifest.spec === "object" && manifest.spec !== null ? manifest.spec : {};
