import { describe, expect, it } from "vitest";
import { addressOf, type Endpoint, endpointOf } from "../../../../src/controllers/hosts/endpoint.ts";
import { Machines, type MachinesOptions, mostPaths } from "../../../../src/controllers/hosts/machines.ts";
import { createHostMetrics } from "../../../../src/controllers/hosts/metrics.ts";
import { type ObjectRef, refText, refTo } from "../../../../src/controllers/identity.ts";
import type { Secret } from "../../../../src/runtime/kinds.ts";
import { createMetrics } from "../../../../src/runtime/metrics.ts";
import { HostError, type RunRequest, type SshTarget } from "../../../../src/ssh/host-session.ts";
import { stage } from "../../runtime/stage.ts";
import { answered, ended, step } from "./rig.ts";

const ref = refTo;
const machineId = "c0866274f3364b728cf1e59c44cd0aa3";
const endpoint = (namespace: string, host: string, more: Partial<Endpoint["ssh"]> = {}): Endpoint =>
  endpointOf(namespace, {
    host,
    port: 22,
    user: "root",
    become: "None",
    hostKeyPolicy: "Pinned",
    privateKeySecretRef: { name: "key" },
    ...more,
  });

function watching(options: Partial<MachinesOptions> = {}) {
  const on = stage("machines");
  const requests: { readonly to: string; readonly key: string; readonly request: RunRequest }[] = [];
  const forgotten: string[] = [];
  const secrets = new Map<string, Secret>();
  const secret = (namespace: string, resourceVersion = "1") =>
    secrets.set(`${namespace}/key`, {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/ssh-auth",
      metadata: { namespace, name: "key", uid: `uid-${namespace}`, resourceVersion },
      data: { "ssh-privatekey": Buffer.from(`key of ${namespace}`).toString("base64") },
    });
  for (const namespace of ["san", "other"]) secret(namespace);
  const seen: string[] = [];
  const views: string[] = [];
  const session = (target: SshTarget) => ({
    async run(request: RunRequest) {
      await on.clock.sleep(500, request.signal).catch((cause) => {
        throw new HostError("Aborted", "called off", { started: true, cause });
      });
      requests.push({ to: target.host, key: target.credential.privateKey, request });
      if (target.hostKeyPolicy === "TrustOnFirstUse") target.onHostKey?.("ssh-ed25519 AAAA");
      return ended(request.script.name === "probe" ? answered : "done\t\n");
    },
  });
  const metrics = createHostMetrics(createMetrics().registry);
  const machines = new Machines({
    clock: on.clock,
    log: on.log,
    dialer: { session, forget: ({ host }) => forgotten.push(host), close: async () => undefined },
    metrics,
    probeIntervalSeconds: 30,
    parallel: 4,
    secret: (namespace, name) => secrets.get(`${namespace}/${name}`),
    questions(member) {
      seen.push(refText(member));
      return [{ roles: ["Server"] }];
    },
    onView: (host) => views.push([...host.members.keys()].map(refText).join(", ")),
    onRunning: () => undefined,
    onEnded: () => undefined,
    ...options,
  });
  let running: Promise<void> = Promise.resolve();
  return {
    ...on,
    machines,
    metrics,
    forgotten,
    secret,
    seen,
    views,
    /** The host and the key of each probe and command. */
    sent: () => requests.map(({ to, key, request }) => [to, key, request.script.name].join(" ")),
    arguments: () =>
      requests.filter(({ request }) => request.script.name !== "probe").map(({ request }) => request.args),
    probes: () => requests.filter(({ request }) => request.script.name === "probe").map(({ request }) => request.args),
    run() {
      running = machines.run(on.signal);
    },
    ended: () => running,
  };
}

describe("the machines under watch", () => {
  it("watches once what two objects of a namespace reach the same way, and asks for what both need", async () => {
    const on = watching();
    on.machines.declare(ref("AoeServer", "san", "box"), endpoint("san", "box"));
    on.machines.declare(ref("XenHost", "san", "box"), endpoint("san", "BOX"));
    on.run();
    await on.clock.advance(1_000);
    expect(on.machines.of(ref("AoeServer", "san", "box"))).toBe(on.machines.of(ref("XenHost", "san", "box")));
    expect(on.sent()).toEqual(["box key of san probe"]);
    expect(on.seen).toEqual(["AoeServer san/box", "XenHost san/box"]);
    expect(on.views).toEqual(["AoeServer san/box, XenHost san/box"]);
  });

  it("asks about so many images only, those that are named first, and knows which it left out", async () => {
    const named = Array.from({ length: mostPaths + 2 }, (_, index) => `/srv/xen/${9999 - index}.img`);
    const on = watching({ questions: () => [{ roles: ["Client"], images: named.slice(0, 7) }, { images: named }] });
    on.machines.declare(ref("XenHost", "san", "box"), endpoint("san", "box"));
    on.run();
    await on.clock.advance(1_000);
    const asked = on
      .probes()
      .flat()
      .filter((argument) => argument.startsWith("image="));
    expect(asked).toEqual(
      named
        .slice(0, mostPaths)
        .sort()
        .map((path) => `image=${path}`),
    );
    expect(on.machines.of(ref("XenHost", "san", "box"))?.leftOut).toEqual(new Set(named.slice(mostPaths)));
  });

  it("knows which shared devices it asked about", async () => {
    const asked = ["/dev/etherd/e0.1", "/dev/etherd/e0.2"];
    const on = watching({ questions: () => [{ roles: ["Client"], sharedDevices: [...asked, "no path"] }] });
    on.machines.declare(ref("XenHost", "san", "box"), endpoint("san", "box"));
    on.run();
    await on.clock.advance(1_000);
    expect(on.machines.of(ref("XenHost", "san", "box"))?.askedDevices).toEqual(new Set(asked));
  });

  it("asks for the AoE devices that objects name, once each, and for nothing else", async () => {
    const questions = () => [
      { roles: ["Client"] as const, targets: ["e0.2", "e0.1"] },
      { targets: ["e0.2", "e0.1; x"] },
    ];
    const on = watching({ questions });
    on.machines.declare(ref("XenHost", "san", "box"), endpoint("san", "box"));
    on.run();
    await on.clock.advance(1_000);
    const asked = on.probes().flat();
    expect(asked.filter((argument) => argument.startsWith("target="))).toEqual(["target=e0.1", "target=e0.2"]);
  });

  it("goes to the same address with the key of each namespace: nobody gets in with another's", async () => {
    const on = watching();
    on.machines.declare(ref("AoeServer", "san", "box"), endpoint("san", "box"));
    on.machines.declare(ref("AoeServer", "other", "box"), endpoint("other", "box"));
    on.run();
    await on.clock.advance(1_000);
    expect(on.machines.of(ref("AoeServer", "san", "box"))).not.toBe(on.machines.of(ref("AoeServer", "other", "box")));
    expect(on.sent().sort()).toEqual(["box key of other probe", "box key of san probe"]);
  });

  it("looks at a machine that is declared while it runs", async () => {
    const on = watching();
    on.run();
    await on.clock.advance(10_000);
    on.machines.declare(ref("AoeServer", "san", "box"), endpoint("san", "box"));
    await on.clock.advance(1_000);
    expect(on.sent()).toEqual(["box key of san probe"]);
  });

  it("closes the connection with the last object that stands for the machine", async () => {
    const on = watching();
    on.machines.declare(ref("AoeServer", "san", "box"), endpoint("san", "box"));
    on.machines.declare(ref("XenHost", "san", "box"), endpoint("san", "box"));
    on.machines.declare(ref("AoeServer", "other", "box"), endpoint("other", "box"));
    on.run();
    await on.clock.advance(1_000);
    on.machines.declare(ref("AoeServer", "san", "box"), undefined);
    on.machines.declare(ref("XenHost", "san", "box"), undefined);
    expect(on.forgotten).toEqual([]);
    on.machines.declare(ref("AoeServer", "other", "box"), undefined);
    expect(on.forgotten).toEqual(["box"]);
    const before = on.sent().length;
    await on.clock.advance(120_000);
    expect(on.sent()).toHaveLength(before);
    expect([...on.machines.all()]).toEqual([]);
  });

  it("follows an object to its new address", async () => {
    const on = watching();
    on.machines.declare(ref("AoeServer", "san", "box"), endpoint("san", "old"));
    on.run();
    await on.clock.advance(1_000);
    on.machines.declare(ref("AoeServer", "san", "box"), endpoint("san", "new"));
    await on.clock.advance(1_000);
    expect(on.sent()).toEqual(["old key of san probe", "new key of san probe"]);
    expect([...on.machines.all()].map((host) => addressOf(host.endpoint.ssh))).toEqual(["new:22"]);
  });

  it("looks again when the Secret of its credentials changes, and at no other machine", async () => {
    const on = watching();
    on.machines.declare(ref("AoeServer", "san", "box"), endpoint("san", "box"));
    on.machines.declare(ref("AoeServer", "other", "box"), endpoint("other", "box2"));
    on.run();
    await on.clock.advance(5_000);
    on.secret("san", "2");
    on.machines.secretChanged("san", "key");
    on.machines.secretChanged("san", "another");
    await on.clock.advance(1_000);
    expect(on.sent().sort()).toEqual(["box key of san probe", "box key of san probe", "box2 key of other probe"]);
  });

  it("changes nothing on a machine whose first-seen key nobody has written down yet", async () => {
    const on = watching();
    const first = endpoint("san", "box", { hostKeyPolicy: "TrustOnFirstUse" });
    on.machines.declare(ref("AoeServer", "san", "box"), first, { machineId });
    on.run();
    await on.clock.advance(1_000);
    expect([
      on.machines.of(ref("AoeServer", "san", "box"))?.trustedKey,
      on.machines.of(ref("AoeServer", "san", "box"))?.trusted,
    ]).toEqual(["ssh-ed25519 AAAA", false]);
    on.machines.declare(ref("AoeServer", "san", "box"), first, { machineId, hostKey: "ssh-ed25519 AAAA" });
    expect(on.machines.of(ref("AoeServer", "san", "box"))?.trusted).toBe(true);
  });

  it("changes nothing on a machine whose machine-id nobody has written down yet", async () => {
    const on = watching();
    on.machines.declare(ref("AoeServer", "san", "box"), endpoint("san", "box"));
    on.run();
    await on.clock.advance(1_000);
    expect(on.machines.of(ref("AoeServer", "san", "box"))?.trusted).toBe(false);
    on.machines.declare(ref("AoeServer", "san", "box"), endpoint("san", "box"), { machineId });
    expect(on.machines.of(ref("AoeServer", "san", "box"))?.trusted).toBe(true);
  });

  it("speaks for the oldest object of each kind, under the id of the management cluster", async () => {
    const on = watching({ clusterId: "uid-1" });
    const declare = (member: ObjectRef, since: string) =>
      on.machines.declare(member, endpoint("san", "box"), { machineId, since });
    declare(ref("XenHost", "san", "b"), "2026-01-02T00:00:00Z");
    declare(ref("XenHost", "san", "a"), "2026-01-01T00:00:00Z");
    declare(ref("AoeServer", "san", "a"), "2026-01-03T00:00:00Z");
    on.run();
    await on.clock.advance(1_000);

    on.machines
      .of(ref("XenHost", "san", "a"))
      ?.agent.lanes.submit(ref("AoeVolume", "san", "data"), [step("ensure-export", ["0", "1"])]);
    await on.clock.advance(1_000);
    expect(on.arguments()).toEqual([
      [`machine=${machineId}`, "claim=XenHost uid-1 san/a", "claim=AoeServer uid-1 san/a", "0", "1"],
    ]);
  });

  it("counts commands by address, until no object is there any more and the last command has ended", async () => {
    const on = watching();
    on.machines.declare(ref("AoeServer", "san", "box"), endpoint("san", "box"));
    on.machines.declare(ref("AoeServer", "other", "box"), endpoint("other", "box"));
    on.machines.declare(ref("XenHost", "san", "a"), endpoint("san", "a"));
    on.run();
    await on.clock.advance(1_000);
    const counted = async () => {
      const { values } = await on.metrics.commands.get();
      return values.map(({ labels, value }) => `${labels.host} ${labels.script} ${value}`);
    };
    expect(await counted()).toEqual(["box:22 probe 2", "a:22 probe 1"]);
    on.machines.declare(ref("AoeServer", "san", "box"), undefined);
    await on.clock.advance(1_000);
    expect(await counted()).toEqual(["box:22 probe 2", "a:22 probe 1"]);
    on.machines.of(ref("AoeServer", "other", "box"))?.agent.ask();
    await on.clock.advance(100);
    on.machines.declare(ref("AoeServer", "other", "box"), undefined);
    await on.clock.advance(1_000);
    expect(await counted()).toEqual(["a:22 probe 1"]);
  });

  it("ends with its signal", async () => {
    const on = watching();
    on.machines.declare(ref("AoeServer", "san", "box"), endpoint("san", "box"));
    on.run();
    await on.clock.advance(1_000);
    on.stop.abort();
    await on.ended();
    const before = on.sent().length;
    await on.clock.advance(120_000);
    expect(on.sent()).toHaveLength(before);
  });
});

describe("machines that report one machine-id", () => {
  const [first, second] = ["2649bf4d-645f-4b29-9154-cf5a988403c6", "11111111-645f-4b29-9154-cf5a988403c6"];
  const [one, other, stranger] = [
    ref("XenHost", "san", "one"),
    ref("XenHost", "san", "other"),
    ref("XenHost", "elsewhere", "twin"),
  ];

  /** Each host answers with the boot id that is set for it, or not at all. */
  async function reporting(boots: Record<string, string | undefined>) {
    const session = (target: SshTarget) => ({
      async run() {
        const boot = boots[target.host];
        if (boot === undefined) throw new HostError("Unreachable", "no route to host", { started: false });
        return ended(answered.replaceAll(first, boot));
      },
    });
    const on = watching({
      dialer: { session, forget: () => undefined, close: async () => undefined },
      onView: (machine, before) => {
        learned.push([...machines.learn(machine, before)].length);
      },
    });
    const { machines } = on;
    const learned: number[] = [];
    on.secret("elsewhere");
    for (const member of [one, other, stranger])
      machines.declare(member, endpoint(member.namespace, member.name), {
        machineId,
        management: member === one ? "Manage" : "Observe",
      });
    on.run();
    await on.clock.advance(1_000);
    const names = (all: readonly { members: { keys(): Iterable<ObjectRef> } }[]) =>
      all.flatMap(({ members }) => [...members.keys()].map(({ name }) => name)).sort();
    const watched = () => {
      const machine = machines.of(one);
      if (machine === undefined) throw new Error("not watched");
      return machine;
    };
    return {
      boots,
      learned,
      sameAs: () => names(machines.sameAs(watched())),
      mayBe: () => names(machines.mayBe(watched())),
      observer: () => watched().observer?.name,
      look: (member: ObjectRef) => {
        machines.of(member)?.agent.ask();
        return on.clock.advance(1_000);
      },
    };
  }

  it("are one if their boot ids are equal; another namespace takes nothing from this one", async () => {
    const seen = await reporting({ one: first, other: first, twin: first });
    expect([seen.sameAs(), seen.mayBe(), seen.observer()]).toEqual([
      ["one", "other", "twin"],
      ["one", "other"],
      "other",
    ]);
  });

  it("are two if each was seen in its boot after the other was", async () => {
    const seen = await reporting({ one: first, other: second, twin: second });
    expect([seen.sameAs(), seen.mayBe(), seen.observer()]).toEqual([["one"], ["one", "other"], "other"]);
    await seen.look(one);
    await seen.look(other);
    expect([seen.sameAs(), seen.mayBe(), seen.observer()]).toEqual([["one"], ["one"], undefined]);
    // That they are two is told to everything on both.
    expect(Math.max(...seen.learned.slice(3))).toBe(3);
    const before = seen.learned.length;
    await seen.look(one);
    expect(seen.learned.slice(before)).toEqual([0]);
  });

  it("may be one if one of them was seen only before the first boot of the other", async () => {
    const seen = await reporting({ one: first, other: first, twin: undefined });
    seen.boots.one = undefined;
    await seen.look(one);
    seen.boots.other = second;
    for (let looks = 0; looks < 3; looks++) await seen.look(other);
    expect([seen.sameAs(), seen.mayBe(), seen.observer()]).toEqual([["one"], ["one", "other"], "other"]);
    seen.boots.one = second;
    await seen.look(one);
    expect(seen.sameAs()).toEqual(["one", "other"]);
  });
});
