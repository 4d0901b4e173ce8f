import { describe, expect, it } from "vitest";
import { Dispatch } from "../../../src/controllers/dispatch.ts";
import { Heartbeats } from "../../../src/controllers/gone/heartbeats.ts";
import { endpointOf } from "../../../src/controllers/hosts/endpoint.ts";
import { Freshness } from "../../../src/controllers/hosts/freshness.ts";
import { Ledger } from "../../../src/controllers/hosts/ledger.ts";
import { Machines } from "../../../src/controllers/hosts/machines.ts";
import { createHostMetrics } from "../../../src/controllers/hosts/metrics.ts";
import { refText, refTo } from "../../../src/controllers/identity.ts";
import { KernelReports } from "../../../src/controllers/kernel-reports.ts";
import { type Controlled, membersOf, onChange, own, requestChanged } from "../../../src/controllers/watch.ts";
import type { Kind, KubeObject } from "../../../src/runtime/kube-api.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { Store } from "../../../src/runtime/store.ts";
import { stage } from "../runtime/stage.ts";
import { answered, ended } from "./hosts/rig.ts";

interface Thing extends KubeObject {
  readonly status?: { readonly conditions?: readonly never[]; readonly word?: string };
}

const kindOf = (kind: string): Kind<Thing> => ({
  group: "test",
  version: "v1",
  kind,
  plural: kind.toLowerCase(),
  namespaced: true,
});
const thing = (kind: string, name: string, version: number, more: Partial<Thing["metadata"]> = {}, word = "") => ({
  apiVersion: "test/v1",
  kind,
  metadata: { namespace: "san", name, uid: `${kind}-${name}`, resourceVersion: `${version}`, generation: 1, ...more },
  ...(word === "" ? {} : { status: { word } }),
});

/** Boxes represent machines; a disk is on the box of its name, and a change of the box affects it. */
function dispatching(answer = () => answered) {
  const on = stage("dispatch");
  const boxes = new Store<Thing>({ log: on.log });
  const disks = new Store<Thing>({ log: on.log });
  const woken: string[] = [];
  const machines: Machines = new Machines({
    clock: on.clock,
    log: on.log,
    dialer: {
      session: () => ({
        async run({ signal }) {
          await on.clock.sleep(500, signal);
          return ended(answer());
        },
      }),
      forget: () => undefined,
      close: async () => undefined,
    },
    metrics: createHostMetrics(createMetrics().registry),
    probeIntervalSeconds: 30,
    parallel: 4,
    secret: () => ({
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/ssh-auth",
      metadata: { namespace: "san", name: "key" },
      data: { "ssh-privatekey": "a2V5" },
    }),
    questions: () => [{ roles: ["Server"] }],
    onView: (machine, before, shown) => dispatch.looked(machine, before, shown),
    onRunning: (machine, shown) => dispatch.lookedAtRunning(machine, shown),
    onEnded: (owners) => dispatch.ended(owners),
  });
  const freshness = new Freshness();
  const ledger = new Ledger(on.clock);
  const none = new Store<never>({ log: on.log });
  const stores = {
    ...{ servers: none, volumes: none, hosts: none, clusters: none, domains: none, migrations: none, secrets: none },
  };
  const world = {
    ...{ clock: on.clock, stores, machines, freshness, ledger },
    ...{ heartbeats: new Heartbeats(), kernelReports: new KernelReports() },
  };
  const reconciler = { reconcile: async () => ({ kind: "done" as const }) };
  const boxOf = (name: string) => [machines.of(refTo("Box", "san", name)) ?? []].flat();
  const kinds: readonly Controlled[] = [
    {
      kind: "Box",
      objects: own(kindOf("Box"), boxes),
      watches: [],
      onLook: (look) => membersOf("Box", look),
      machines: ({ name }) => boxOf(name),
      standsFor: ({ namespace, name }) => ({
        endpoint:
          boxes.get({ namespace, name }) &&
          endpointOf(namespace, {
            ...{ host: name, port: 22, user: "root", become: "None", hostKeyPolicy: "Pinned" },
            privateKeySecretRef: { name: "key" },
          }),
        remembered: {},
      }),
      reconciler,
    },
    {
      kind: "Disk",
      objects: own(kindOf("Disk"), disks),
      watches: [
        onChange(boxes, (box) => [refTo("Disk", "san", box.metadata.name)], { when: requestChanged, looksAgain: true }),
      ],
      machines: ({ name }) => boxOf(name),
      reconciler,
    },
    { kind: "Move", watches: [], goesOnElsewhere: true, reconciler },
    {
      kind: "Tenant",
      watches: [],
      onLook: ({ all, tenants }) => (all || tenants ? [refTo("Tenant", "san", "a")] : []),
      reconciler,
    },
  ];
  const dispatch = new Dispatch({
    world,
    kinds,
    enqueue: (object, options) => woken.push(`${refText(object)}${options?.initial === true ? " at first" : ""}`),
  });
  return {
    ...on,
    ...{ boxes, disks, machines, freshness, ledger, dispatch },
    /** The objects that it has woken since the last call. */
    woken: () => woken.splice(0),
  };
}

const disk = refTo("Disk", "san", "a");

describe("what wakes an object", () => {
  it("is the first list, with no haste", () => {
    const on = dispatching();
    on.disks.put(thing("Disk", "a", 1), { initial: true });
    on.dispatch.start();
    expect(on.woken()).toEqual(["Disk san/a at first"]);
  });

  it("is a new spec, for which its machine is looked at again before anything is done", async () => {
    const on = dispatching();
    on.boxes.put(thing("Box", "a", 1), { initial: true });
    on.disks.put(thing("Disk", "a", 1), { initial: true });
    on.dispatch.start();
    void on.machines.run(on.signal);
    await on.clock.advance(1_000);
    on.woken();
    on.disks.put(thing("Disk", "a", 2, { generation: 2 }));
    const [machine] = [...on.machines.all()];
    if (machine === undefined) throw new Error("there is no machine");
    expect([on.woken(), on.freshness.isFresh(disk, machine)]).toEqual([["Disk san/a"], false]);
    await on.clock.advance(1_000);
    expect([on.woken(), on.freshness.isFresh(disk, machine)]).toEqual([["Disk san/a"], true]);
  });

  it("is another status, for which nobody looks again; and nothing is neither", async () => {
    const on = dispatching();
    on.boxes.put(thing("Box", "a", 1), { initial: true });
    on.disks.put(thing("Disk", "a", 1), { initial: true });
    on.dispatch.start();
    on.woken();
    on.disks.put(thing("Disk", "a", 2, {}, "up"));
    const [machine] = [...on.machines.all()];
    expect([on.woken(), machine && on.freshness.isFresh(disk, machine)]).toEqual([["Disk san/a"], true]);
    on.disks.put(thing("Disk", "a", 3, { labels: { colour: "red" } }, "up"));
    expect(on.woken()).toEqual([]);
  });

  it("is a change of what it watches, but not the first list of that", () => {
    const on = dispatching();
    on.boxes.put(thing("Box", "a", 1), { initial: true });
    on.dispatch.start();
    expect(on.woken()).toEqual(["Box san/a at first"]);
    on.boxes.put(thing("Box", "a", 2, { generation: 2 }));
    const [machine] = [...on.machines.all()];
    expect([on.woken(), machine && on.freshness.isFresh(disk, machine)]).toEqual([["Box san/a", "Disk san/a"], false]);
  });

  it("is the end of a step, where the next one may be on another machine", () => {
    const on = dispatching();
    on.dispatch.ended([disk, refTo("Move", "san", "go")]);
    expect(on.woken()).toEqual(["Move san/go"]);
  });

  it("is the first answer of its machine", async () => {
    const on = dispatching();
    on.boxes.put(thing("Box", "a", 1), { initial: true });
    on.dispatch.start();
    on.woken();
    void on.machines.run(on.signal);
    await on.clock.advance(1_000);
    expect(on.woken()).toEqual(["Box san/a", "Tenant san/a"]);
    await on.clock.advance(30_000);
    expect(on.woken()).toEqual([]);
  });
});

/** The recorded answer, of a dom0 with so many MiB available and an image of so many bytes on the disk. */
function dom0(available: number, allocated: number): string {
  const rows = [
    ["toolstack", "kind", "xl"],
    ["toolstack", "dom0", "yes"],
    ["toolstack", "dom0-memory", "2048", available, "yes"],
    ["end", "toolstack", "known", "0", ""],
    ["images", "image", "/srv/xen/a.img", "File", "67108864", allocated, "6678 17", "-", "0", "", "", "", "", ""],
    ["end", "images", "known", "0", ""],
    ["end", "probe"],
  ];
  return answered.replace("end\tprobe\n", rows.map((row) => `${row.join("\t")}\n`).join(""));
}

it("wakes no tenant while guests write and dom0 uses its memory, until a domain may find room", async () => {
  let answer = dom0(1_000, 4_096);
  const on = dispatching(() => answer);
  on.boxes.put(thing("Box", "a", 1), { initial: true });
  on.dispatch.start();
  void on.machines.run(on.signal);
  await on.clock.advance(1_000);
  const [machine] = [...on.machines.all()];
  expect(machine?.agent.view).toMatchObject({
    snapshot: {
      facts: {
        toolstack: { value: { dom0Memory: { available: 1_000 } } },
        images: { value: [{ path: "/srv/xen/a.img" }] },
      },
    },
  });
  on.woken();
  const next = async (available: number, allocated: number) => {
    answer = dom0(available, allocated);
    await on.clock.advance(30_000);
    return on.woken();
  };
  expect(await next(999, 8_192)).toEqual([]);
  expect(await next(961, 12_288)).toEqual([]);
  expect(await next(1_024, 12_288)).toEqual(["Tenant san/a"]);
  expect(await next(1_023, 12_288)).toEqual(["Tenant san/a"]);
});

it("forgets an object that is gone, and hears nothing once it is stopped", () => {
  const on = dispatching();
  on.disks.put(thing("Disk", "a", 1), { initial: true });
  const stop = on.dispatch.start();
  const page = on.ledger.page<number>();
  page.set(disk, 1);
  on.disks.delete(thing("Disk", "a", 1));
  expect([[...page], on.woken()]).toEqual([[], ["Disk san/a at first", "Disk san/a"]]);
  stop();
  on.disks.put(thing("Disk", "b", 2));
  expect(on.woken()).toEqual([]);
});
