import { describe, expect, it } from "vitest";
import { at, type Manifest } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { isObject, objectAt } from "../simulation/world/kube/json.ts";
import { bytes, domainSays, executing, guarded, otherOf, ready } from "./rack-story.ts";
import { commands, eventually, message, minutes, status, word } from "./rig.ts";

/** A domain that has just migrated to a host whose management link was cut before the lock file was moved too. */
interface Scene {
  readonly stage: Stage;
  readonly source: string;
  readonly target: string;
  /** Content of the lock file on the share: `HOST BOOT DOMAIN UID`. */
  readonly lock: () => string | undefined;
  /** Commands of the operator on hosts since then. */
  readonly done: () => string[];
}

async function moved(): Promise<Scene> {
  const stage = await ready({ rack: () => guarded(20) });
  await stage.advance(minutes(5));
  const [source = ""] = executing(stage)[0]?.split(" ") ?? [];
  const target = otherOf(source);
  const { uuid = "" } = stage.rack.xen.domains(source)[0]?.configuration ?? {};
  const stop = stage.rack.subscribe((event) => {
    if (event.kind !== "DomainStarted" || event.host !== target) return;
    stop();
    stage.rack.setManagement(target, "Cut");
  });
  stage.apply(move(target));
  await eventually(stage, () => stage.rack.host(target).management, "Cut");
  const sent = commands(stage);
  return {
    stage,
    source,
    target,
    lock: () => stage.rack.readFile(source, `/srv/xen/.xensan/${uuid}.lock`),
    done: () => sent.filter((line) => !/ probe(-running)?$/.test(line)),
  };
}

const move = (target: string): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenMigration",
  metadata: at("move"),
  spec: { domainRef: { name: "vm-test" }, targetHostRef: { name: target } },
});

/** A user declares the host dead: no node of the cluster any more, no XenHost, no migration to it. */
function giveUp({ stage, target }: Scene): void {
  const { nodes } = objectAt(stage.find("Ocfs2Cluster", at("xen")) ?? {}, "spec");
  const others = (Array.isArray(nodes) ? nodes : []).filter(
    (node) => !isObject(node) || objectAt(node, "hostRef").name !== target,
  );
  stage.patch("Ocfs2Cluster", at("xen"), { spec: { nodes: others } });
  for (const [kind, name] of [
    ["XenMigration", "move"],
    ["XenHost", target],
  ] as const) {
    stage.patch(kind, at(name), { metadata: { annotations: { "xensan.dev/abandon": name } } });
    stage.delete(kind, at(name));
  }
}

const where = (stage: Stage) => executing(stage).map((line) => line.split(" ").slice(0, 2).join(" "));
const blocked = (stage: Stage, host: string) => word(stage, "XenHost", host, "DeletionBlocked");
const nodesOf = (stage: Stage) => {
  const { nodes } = status(stage, "Ocfs2Cluster", "xen");
  return (Array.isArray(nodes) ? nodes : []).map((node) => String(Object(node).hostRef.name));
};

describe("a node that somebody takes out of its cluster and abandons while it beats", () => {
  it("is alive, also for an operator that begins later: nothing is done, and what is refused names it", async () => {
    const scene = await moved();
    const { stage, source, target, lock, done } = scene;
    await stage.advance(minutes(2));
    const before = [executing(stage), bytes(stage), lock()];
    expect(where(stage)).toEqual([`${target} vm-test`]);
    expect(lock()).toContain(`${source} `);
    giveUp(scene);
    for (const _process of ["this one", "another one", "a third one"]) {
      await stage.advance(minutes(15));
      expect([executing(stage), bytes(stage), lock()]).toEqual(before);
      expect(done()).toEqual([]);
      expect(blocked(stage, target)).toBe("True/HeartbeatHeard");
      const heard = expect.stringMatching(
        new RegExp(`XenHost ${source} sees the heartbeat of node \\d \\(${target}\\) on .*: the machine is running`),
      );
      expect(message(stage, "XenHost", target, "DeletionBlocked")).toEqual(heard);
      expect(domainSays(stage, "Running")).toBe("Unknown/HostUnknown");
      expect(message(stage, "XenDomain", "vm-test", "Running")).toEqual(heard);
      expect(message(stage, "Ocfs2Cluster", "xen", "Configured")).toEqual(heard);
      expect(nodesOf(stage)).toEqual([source, target]);
      stage.life.end();
      stage.startOperator();
    }
  });

  it("leaves first where the cluster lists it again under another number: the heartbeat under the former one counts", async () => {
    const stage = await ready({ rack: () => guarded(20) });
    const [source = ""] = executing(stage)[0]?.split(" ") ?? [];
    const target = otherOf(source);
    const { nodes } = objectAt(stage.find("Ocfs2Cluster", at("xen")) ?? {}, "spec");
    const all = (Array.isArray(nodes) ? nodes : []).filter(isObject);
    const stay = all.filter((node) => objectAt(node, "hostRef").name !== target);
    const again = all.map((node) => (stay.includes(node) ? node : { ...node, number: 5 }));
    const numbers = () => {
      const { nodes: seen } = status(stage, "Ocfs2Cluster", "xen");
      const found = (Array.isArray(seen) ? seen : []).filter(isObject);
      return found.flatMap((node) => (objectAt(node, "hostRef").name === target ? [node.number] : []));
    };
    const [former] = numbers();
    stage.rack.setManagement(target, "Cut");
    stage.patch("Ocfs2Cluster", at("xen"), { spec: { nodes: stay } });
    await stage.advance(minutes(2));
    stage.patch("Ocfs2Cluster", at("xen"), { spec: { nodes: again } });
    await stage.advance(minutes(15));
    expect(numbers()).toEqual([former]);
    expect(word(stage, "XenHost", target, "Reachable")).toBe("False/HeartbeatHeard");
    expect(domainSays(stage, "Running")).toBe("True/Running");
    stage.rack.setManagement(target, "Connected");
    await eventually(stage, () => [numbers(), domainSays(stage, "Ready")], [[5], "True/Ready"], 15);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready", 15);
  });

  it("is not let go of on the word of a look from before its link died", async () => {
    const scene = await moved();
    const { stage, target, lock } = scene;
    const before = [bytes(stage), lock()];
    giveUp(scene);
    await stage.advance(minutes(15));
    expect([bytes(stage), lock()]).toEqual(before);
    expect(where(stage)).toEqual([`${target} vm-test`]);
    expect(blocked(stage, target)).toBe("True/HeartbeatHeard");
  });

  it("is not let go of while it is silent for less than the dead time", async () => {
    const scene = await moved();
    const { stage, source, target } = scene;
    await stage.advance(minutes(2));
    giveUp(scene);
    await eventually(stage, () => blocked(stage, target), "True/HeartbeatHeard");
    stage.rack.setCable(target, "eth1", "Pulled");
    // Hosts that watch its heartbeat are looked at twice a minute.
    stage.patch("XenHost", at(source), { metadata: { annotations: { "xensan.dev/reconcile-at": "now" } } });
    const number = target === "bella" ? 0 : 1;
    const waits = `xensan.dev/abandon waits: XenHost ${source} must see no change in the heartbeat of node ${number} (${target}) on /dev/etherd/e0.1 for 60 s`;
    await eventually(stage, () => message(stage, "XenHost", target, "DeletionBlocked"), waits, 0.75);
    stage.rack.setCable(target, "eth1", "Plugged");
    const refused = expect.stringMatching(/^xensan.dev\/abandon is refused: .* sees the heartbeat/);
    await eventually(stage, () => message(stage, "XenHost", target, "DeletionBlocked"), refused, 2);
    expect(where(stage)).toEqual([`${target} vm-test`]);
  });

  it("goes once it is proved dead, and its domain runs on the other", async () => {
    const scene = await moved();
    const { stage, source, target, lock } = scene;
    giveUp(scene);
    await stage.advance(minutes(15));
    stage.rack.powerOff(target);
    await eventually(
      stage,
      () => [where(stage), domainSays(stage, "Ready")],
      [[`${source} vm-test`], "True/Ready"],
      15,
    );
    await eventually(stage, () => stage.find("XenHost", at(target)), undefined);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready");
    expect(nodesOf(stage)).toEqual([source]);
    expect(lock()).toContain(`${source} `);
  });

  it("keeps its domain when it answers again, and goes when that is stopped", async () => {
    const scene = await moved();
    const { stage, source, target, lock, done } = scene;
    giveUp(scene);
    await stage.advance(minutes(15));
    stage.rack.setManagement(target, "Connected");
    await eventually(stage, () => domainSays(stage, "Running"), "True/Running");
    await eventually(stage, () => blocked(stage, target), "True/ReferencedByCluster");
    expect(message(stage, "XenHost", target, "DeletionBlocked")).toBe(
      "xensan.dev/abandon is refused: the host answers, and writes its heartbeat as a node of Ocfs2Cluster xen. Remove the node from the cluster, which unmounts its file systems, or abandon the Ocfs2Cluster first",
    );
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Mounted"), "False/FilesystemInUse");
    await stage.advance(minutes(15));
    expect(where(stage)).toEqual([`${target} vm-test`]);
    expect(lock()).toContain(`${target} `);
    expect(done().filter((line) => line.endsWith("start-domain"))).toEqual([]);
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Halted" } });
    await eventually(stage, () => stage.find("XenHost", at(target)), undefined);
    expect(where(stage)).toEqual([]);
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Running" } });
    await eventually(stage, () => [where(stage), domainSays(stage, "Ready")], [[`${source} vm-test`], "True/Ready"]);
  });
});
