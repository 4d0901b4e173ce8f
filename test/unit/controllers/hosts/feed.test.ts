import { describe, expect, it } from "vitest";
import { addressOf, type Endpoint, endpointOf } from "../../../../src/controllers/hosts/endpoint.ts";
import { HostFeed, type HostFeedOptions } from "../../../../src/controllers/hosts/feed.ts";
import { createHostMetrics } from "../../../../src/controllers/hosts/metrics.ts";
import type { Secret } from "../../../../src/runtime/kinds.ts";
import { createMetrics } from "../../../../src/runtime/metrics.ts";
import type { RunRequest, SshTarget } from "../../../../src/ssh/host-session.ts";
import { stage } from "../../runtime/stage.ts";
import { answered, ended, step } from "./rig.ts";

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

function feeding(options: Partial<HostFeedOptions> = {}) {
  const on = stage("feed");
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
      await on.clock.sleep(500, request.signal);
      requests.push({ to: target.host, key: target.credential.privateKey, request });
      if (target.hostKeyPolicy === "TrustOnFirstUse") target.onHostKey?.("ssh-ed25519 AAAA");
      return ended(request.script.name === "probe" ? answered : "done\t\n");
    },
  });
  const metrics = createHostMetrics(createMetrics().registry);
  const feed = new HostFeed({
    clock: on.clock,
    log: on.log,
    dialer: { session, forget: ({ host }) => forgotten.push(host), close: async () => undefined },
    metrics,
    probeIntervalSeconds: 30,
    parallel: 4,
    secret: (namespace, name) => secrets.get(`${namespace}/${name}`),
    request(members) {
      seen.push(members.join(", "));
      return { roles: ["Server"], backings: [], segments: [] };
    },
    onView: (host) => views.push([...host.members.keys()].join(", ")),
    ...options,
  });
  let running: Promise<void> = Promise.resolve();
  return {
    ...on,
    feed,
    metrics,
    forgotten,
    secret,
    seen,
    views,
    /** To which host, with which key, each probe and command went. */
    sent: () => requests.map(({ to, key, request }) => [to, key, request.script.name].join(" ")),
    arguments: () =>
      requests.filter(({ request }) => request.script.name !== "probe").map(({ request }) => request.args),
    run() {
      running = feed.run(on.signal);
    },
    ended: () => running,
  };
}

describe("the machines under watch", () => {
  it("watches once what two objects of a namespace reach the same way, and asks for what both need", async () => {
    const on = feeding();
    on.feed.declare("AoeServer san/box", endpoint("san", "box"));
    on.feed.declare("XenHost san/box", endpoint("san", "BOX"));
    on.run();
    await on.clock.advance(1_000);
    expect(on.feed.of("AoeServer san/box")).toBe(on.feed.of("XenHost san/box"));
    expect(on.sent()).toEqual(["box key of san probe"]);
    expect(on.seen).toEqual(["AoeServer san/box, XenHost san/box"]);
    expect(on.views).toEqual(["AoeServer san/box, XenHost san/box"]);
  });

  it("goes to the same address with the key of each namespace: nobody gets in with another's", async () => {
    const on = feeding();
    on.feed.declare("AoeServer san/box", endpoint("san", "box"));
    on.feed.declare("AoeServer other/box", endpoint("other", "box"));
    on.run();
    await on.clock.advance(1_000);
    expect(on.feed.of("AoeServer san/box")).not.toBe(on.feed.of("AoeServer other/box"));
    expect(on.sent().sort()).toEqual(["box key of other probe", "box key of san probe"]);
  });

  it("looks at a machine that is declared while it runs", async () => {
    const on = feeding();
    on.run();
    await on.clock.advance(10_000);
    on.feed.declare("AoeServer san/box", endpoint("san", "box"));
    await on.clock.advance(1_000);
    expect(on.sent()).toEqual(["box key of san probe"]);
  });

  it("closes the connection with the last object that stands for the machine", async () => {
    const on = feeding();
    on.feed.declare("AoeServer san/box", endpoint("san", "box"));
    on.feed.declare("XenHost san/box", endpoint("san", "box"));
    on.feed.declare("AoeServer other/box", endpoint("other", "box"));
    on.run();
    await on.clock.advance(1_000);
    on.feed.declare("AoeServer san/box", undefined);
    on.feed.declare("XenHost san/box", undefined);
    expect(on.forgotten).toEqual([]);
    on.feed.declare("AoeServer other/box", undefined);
    expect(on.forgotten).toEqual(["box"]);
    const before = on.sent().length;
    await on.clock.advance(120_000);
    expect(on.sent()).toHaveLength(before);
    expect([...on.feed.all()]).toEqual([]);
  });

  it("follows an object to its new address", async () => {
    const on = feeding();
    on.feed.declare("AoeServer san/box", endpoint("san", "old"));
    on.run();
    await on.clock.advance(1_000);
    on.feed.declare("AoeServer san/box", endpoint("san", "new"));
    await on.clock.advance(1_000);
    expect(on.sent()).toEqual(["old key of san probe", "new key of san probe"]);
    expect([...on.feed.all()].map((host) => addressOf(host.endpoint.ssh))).toEqual(["new:22"]);
  });

  it("looks again when the Secret of its credentials changes, and at no other machine", async () => {
    const on = feeding();
    on.feed.declare("AoeServer san/box", endpoint("san", "box"));
    on.feed.declare("AoeServer other/box", endpoint("other", "box2"));
    on.run();
    await on.clock.advance(5_000);
    on.secret("san", "2");
    on.feed.secretChanged("san", "key");
    on.feed.secretChanged("san", "another");
    await on.clock.advance(1_000);
    expect(on.sent().sort()).toEqual(["box key of san probe", "box key of san probe", "box2 key of other probe"]);
  });

  it("changes nothing on a machine whose first-seen key nobody has written down yet", async () => {
    const on = feeding();
    const first = endpoint("san", "box", { hostKeyPolicy: "TrustOnFirstUse" });
    on.feed.declare("AoeServer san/box", first, { machineId });
    on.run();
    await on.clock.advance(1_000);
    expect([on.feed.of("AoeServer san/box")?.trustedKey, on.feed.of("AoeServer san/box")?.trusted]).toEqual([
      "ssh-ed25519 AAAA",
      false,
    ]);
    on.feed.declare("AoeServer san/box", first, { machineId, hostKey: "ssh-ed25519 AAAA" });
    expect(on.feed.of("AoeServer san/box")?.trusted).toBe(true);
  });

  it("changes nothing on a machine whose machine-id nobody has written down yet", async () => {
    const on = feeding();
    on.feed.declare("AoeServer san/box", endpoint("san", "box"));
    on.run();
    await on.clock.advance(1_000);
    expect(on.feed.of("AoeServer san/box")?.trusted).toBe(false);
    on.feed.declare("AoeServer san/box", endpoint("san", "box"), { machineId });
    expect(on.feed.of("AoeServer san/box")?.trusted).toBe(true);
  });

  it("speaks for the oldest object of each kind, under the id of the management cluster", async () => {
    const on = feeding({ clusterId: "uid-1" });
    const declare = (member: string, since: string) =>
      on.feed.declare(member, endpoint("san", "box"), { machineId, since });
    declare("XenHost san/b", "2026-01-02T00:00:00Z");
    declare("XenHost san/a", "2026-01-01T00:00:00Z");
    declare("AoeServer san/a", "2026-01-03T00:00:00Z");
    on.run();
    await on.clock.advance(1_000);

    on.feed.of("XenHost san/a")?.watcher.lanes.submit("AoeVolume san/data", [step("ensure-export", ["0", "1"])]);
    await on.clock.advance(1_000);
    expect(on.arguments()).toEqual([
      [`machine=${machineId}`, "claim=XenHost uid-1 san/a", "claim=AoeServer uid-1 san/a", "0", "1"],
    ]);
  });

  it("tells the age of what is known, of reachable machines only", async () => {
    const on = feeding();
    on.feed.declare("AoeServer san/box", endpoint("san", "box"));
    on.feed.declare("AoeServer san/lost", endpoint("gone", "lost"));
    on.run();
    await on.clock.advance(10_000);
    expect([...on.metrics.ages()]).toEqual([["box:22", 10]]);
  });

  it("ends with its signal", async () => {
    const on = feeding();
    on.feed.declare("AoeServer san/box", endpoint("san", "box"));
    on.run();
    await on.clock.advance(1_000);
    on.stop.abort();
    await on.ended();
    const before = on.sent().length;
    await on.clock.advance(120_000);
    expect(on.sent()).toHaveLength(before);
  });
});
