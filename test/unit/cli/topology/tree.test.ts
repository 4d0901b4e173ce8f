import { describe, expect, it } from "vitest";
import { plain } from "../../../../src/cli/paint.ts";
import { topologyText } from "../../../../src/cli/topology/topology.ts";
import { countOf, topologyOf } from "../../../../src/cli/topology/tree.ts";
import * as w from "../world.ts";

const draw = (rack: w.Rack) => {
  const world = w.rack(rack);
  return `\n${topologyText(topologyOf(world), countOf([world]), plain)}`;
};
const guest = (name: string, id: number) => ({
  uuid: `00000000-0000-0000-0000-00000000000${id}`,
  name,
  id,
  memory: "256Mi",
});

describe("the topology", () => {
  it("puts the domain on its host, the host on the file system, that on the volume, and that on the SAN", () => {
    expect(draw({})).toMatchInlineSnapshot(`
      "
      ✔ AoeServer san  192.0.2.1
      └─ ✔ AoeVolume data  e0.1, 1 GiB
         └─ ✔ file system xen/data  /srv/xen
            ├─ ✔ XenHost bella  Mounted
            │  └─ ✔ XenDomain vm-test  128Mi
            └─ ✔ XenHost brutus  Unmounted

      6 of 6 ready
      "
    `);
  });

  it("shows what is not ready, a domain on its way, guests that nobody described, and maintenance", () => {
    expect(
      draw({
        volumes: [w.volume(), w.volume({ Ready: w.not("NotAttached", "no") }, "scratch", 2)],
        hosts: [
          w.host(
            "bella",
            { Ready: w.fine },
            { domains: [guest("Domain-0", 0), guest("vm-test", 1), guest("mail", 2)] },
            { maintenance: "Drain" },
          ),
          w.host("brutus", { Ready: w.unknown("Unreachable", "no route") }),
        ],
        migrations: [
          w.migration(
            "move",
            { Succeeded: w.unknown("Migrating", "half") },
            { operationID: "a", sourceHostRef: { name: "bella" }, targetHostRef: { name: "brutus" } },
          ),
        ],
      }),
    ).toMatchInlineSnapshot(`
      "
      ✔ AoeServer san  192.0.2.1
      ├─ ✔ AoeVolume data  e0.1, 1 GiB
      │  └─ ✔ file system xen/data  /srv/xen
      │     ├─ ✔ XenHost bella  Mounted, Drain
      │     │  ├─ ✔ XenDomain vm-test  128Mi, moving from bella to brutus
      │     │  └─ · guest mail  256 MiB, without a XenDomain
      │     └─ ? XenHost brutus  Unmounted  Unreachable
      └─ ✘ AoeVolume scratch  e0.2, 1 GiB  NotAttached
         ├─ ✔ XenHost bella  Attached
         └─ ? XenHost brutus  Missing  Unreachable

      5 of 7 ready
      "
    `);
  });

  it("leaves out nothing that hangs on nothing", () => {
    expect(
      draw({
        servers: [],
        clusters: [],
        hosts: [w.host("bella"), w.host("alone")],
        domains: [
          w.domain({ Ready: w.not("Halted", "x") }, {}, "nowhere"),
          w.domain({ Ready: w.fine }, { hostRef: { name: "alone" } }, "here"),
        ],
      }),
    ).toMatchInlineSnapshot(`
      "
      ✔ AoeVolume data  e0.1, 1 GiB
      └─ ✔ XenHost bella  Attached
      ✔ XenHost alone
      └─ ✔ XenDomain here  128Mi
      ✘ XenDomain nowhere  128Mi  Halted

      4 of 5 ready
      "
    `);
  });
});
