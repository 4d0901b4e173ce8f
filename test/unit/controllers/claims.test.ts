import { describe, expect, it, onTestFinished } from "vitest";
import { Claims, claimName } from "../../../src/controllers/claims.ts";
import { EventRecorder } from "../../../src/runtime/events.ts";
import { leaseKind } from "../../../src/runtime/kinds.ts";
import type { KubeApi } from "../../../src/runtime/kube-api.ts";
import { done } from "../../../src/runtime/reconciler.ts";
import { objectAt } from "../../simulation/world/kube/json.ts";
import { stage } from "../runtime/stage.ts";

const object = { kind: "AoeVolume", namespace: "san", name: "data" };
const claim = { namespace: "san", name: claimName };

/** A namespace with an object, and releases that may claim it. */
function namespaceWithObject() {
  const on = stage();
  const namespaces = on.server.kindNamed("Namespace");
  const known = { object: true };
  const home = { namespace: "", name: "san" };
  on.server.create(namespaces, { metadata: { name: "san", finalizers: ["kubernetes"] } });
  onTestFinished(() => on.stop.abort());
  return {
    ...on,
    known,
    holder: () => {
      const [lease] = on.server.list(leaseKind, { namespace: "san" }).items;
      return lease === undefined ? undefined : objectAt(lease, "spec").holderIdentity;
    },
    /** As the namespace controller does: the Lease goes at once, the namespace when its objects are gone. */
    deleteNamespace() {
      on.server.delete(namespaces, home);
      on.server.delete(leaseKind, claim);
    },
    endNamespace: () => on.server.mergePatch(namespaces, home, { metadata: { finalizers: null } }),
    createNamespace: () => on.server.create(namespaces, { metadata: { name: "san", finalizers: ["kubernetes"] } }),
    /** An operator of a release: which of its objects it reconciles, and what it asks about Leases. */
    release(holder: string) {
      const reconciled: string[] = [];
      const lost: string[] = [];
      let requests = 0;
      const real = on.connect();
      const api = new Proxy<KubeApi>(real, {
        get(target, name: keyof KubeApi) {
          requests++;
          return target[name].bind(target);
        },
      });
      const events = new EventRecorder({
        api: real,
        clock: on.clock,
        log: on.log,
        controller: "xensan",
        instance: holder,
      });
      const claims = new Claims({
        ...{ api, clock: on.clock, log: on.log, events, holder },
        onLost: async (namespace) => void lost.push(namespace),
        hasObjects: () => known.object,
      });
      const reconciler = claims.guard(
        object.kind,
        {
          async reconcile({ name }) {
            reconciled.push(name);
            return done;
          },
        },
        (key) => void run(key),
      );
      const run = (key: typeof object | { namespace: string; name: string }) =>
        reconciler.reconcile(key, { signal: on.signal, leading: on.signal, log: on.log } as never);
      void claims.run(on.signal);
      return {
        claims,
        lost,
        reconciled,
        requests: () => requests,
        begin: () => void run(object),
        serves: () => !claims.defers(object),
      };
    },
  };
}

const seconds = 1000;

describe("the claim of a namespace that is deleted", () => {
  it("lasts without a Lease until the namespace is gone, and ends then", async () => {
    const on = namespaceWithObject();
    const a = on.release("a");
    a.begin();
    await on.clock.advance(30 * seconds);
    expect([on.holder(), a.reconciled]).toEqual(["a", ["data"]]);

    on.deleteNamespace();
    await on.clock.advance(600 * seconds);
    expect([on.holder(), a.serves(), a.lost]).toEqual([undefined, true, []]);

    on.known.object = false;
    on.endNamespace();
    await on.clock.advance(15 * seconds);
    expect(a.lost).toEqual(["san"]);
    const asked = a.requests();
    await on.clock.advance(3600 * seconds);
    expect(a.requests()).toBe(asked);
  });

  it("leaves one of the same name to whoever claims it first", async () => {
    const on = namespaceWithObject();
    const [a, b] = [on.release("a"), on.release("b")];
    a.begin();
    await on.clock.advance(30 * seconds);
    on.deleteNamespace();
    await on.clock.advance(30 * seconds);
    on.known.object = false;
    on.endNamespace();
    await on.clock.advance(30 * seconds);

    on.createNamespace();
    on.known.object = true;
    b.begin();
    await on.clock.advance(60 * seconds);
    a.begin();
    await on.clock.advance(60 * seconds);
    expect([on.holder(), b.serves(), a.serves()]).toEqual(["b", true, false]);
    expect([a.reconciled, b.reconciled]).toEqual([["data"], ["data"]]);
    expect(a.claims.refused()).toContain("namespace san is served by b");
  });

  it("is on the server again when the namespace is created again between two renewals", async () => {
    const on = namespaceWithObject();
    const [a, b] = [on.release("a"), on.release("b")];
    a.begin();
    await on.clock.advance(30 * seconds);
    on.deleteNamespace();
    await on.clock.advance(30 * seconds);
    on.endNamespace();
    on.createNamespace();
    await on.clock.advance(15 * seconds);
    b.begin();
    await on.clock.advance(120 * seconds);
    expect([on.holder(), a.serves(), b.serves(), a.lost]).toEqual(["a", true, false, []]);
  });

  it("is lost to another release that claims the new namespace between two renewals", async () => {
    const on = namespaceWithObject();
    const [a, b] = [on.release("a"), on.release("b")];
    a.begin();
    await on.clock.advance(30 * seconds);
    on.deleteNamespace();
    await on.clock.advance(30 * seconds);
    on.endNamespace();
    on.createNamespace();
    b.begin();
    await on.clock.advance(15 * seconds);
    expect([on.holder(), a.serves(), b.serves(), a.lost]).toEqual(["b", false, true, ["san"]]);
  });

  it("is renewed when the Lease was created but its answer was lost", async () => {
    const on = namespaceWithObject();
    const a = on.release("a");
    a.begin();
    await on.clock.advance(30 * seconds);
    on.deleteNamespace();
    await on.clock.advance(30 * seconds);
    on.endNamespace();
    on.createNamespace();
    on.server.create(leaseKind, { metadata: claim, spec: { holderIdentity: "a", leaseDurationSeconds: 60 } });
    await on.clock.advance(300 * seconds);
    expect([a.serves(), a.lost]).toEqual([true, []]);
  });

  it("is tried again while objects are known there, and serves those that come meanwhile", async () => {
    const on = namespaceWithObject();
    const a = on.release("a");
    a.begin();
    await on.clock.advance(30 * seconds);
    on.deleteNamespace();
    on.endNamespace();
    await on.clock.advance(30 * seconds);
    expect([a.serves(), a.lost]).toEqual([false, ["san"]]);
    on.createNamespace();
    await on.clock.advance(30 * seconds);
    expect([on.holder(), a.serves()]).toEqual(["a", true]);
    expect(a.reconciled).toEqual(["data", "data"]);
  });

  it("of another release is no trouble any more when the namespace is gone", async () => {
    const on = namespaceWithObject();
    const [a, b] = [on.release("a"), on.release("b")];
    a.begin();
    await on.clock.advance(5 * seconds);
    b.begin();
    await on.clock.advance(30 * seconds);
    expect(b.claims.refused()).toContain("namespace san is served by a");
    on.deleteNamespace();
    on.known.object = false;
    on.endNamespace();
    await on.clock.advance(30 * seconds);
    expect(b.claims.refused()).toBeUndefined();
    const said = on.lines.length;
    await on.clock.advance(3600 * seconds);
    expect(on.lines.slice(said)).toEqual([]);
  });
});
