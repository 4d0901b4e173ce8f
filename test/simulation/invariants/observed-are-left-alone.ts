import { keyString } from "../../../src/runtime/kube-api.ts";
import { endpoint } from "../../../src/sim/dialer.ts";
import { objectAt } from "../world/kube/json.ts";
import type { Invariant, Scene } from "./invariant.ts";

export const observedAreLeftAlone: Invariant = {
  name: "observed machines are left alone",
  says: "nothing but a look is sent to a machine of which an object has had management: Observe since it was created",
  watch(scene: Scene) {
    const hosts = new Map(
      [...scene.rack.hosts.keys()].map((name) => {
        const { host, port } = endpoint(scene.rack, name);
        return [`${host}:${port}`, name];
      }),
    );
    /** Machine by the object that observes it. */
    const observed = new Map<string, string>();
    return {
      onApi({ resource, type, key, object }) {
        if (resource.kind !== "AoeServer" && resource.kind !== "XenHost") return;
        const spec = objectAt(object, "spec");
        const { management } = spec;
        const { host, port } = objectAt(spec, "ssh");
        const name = `${resource.kind} ${keyString(key)}`;
        const machine = hosts.get(`${String(host)}:${String(port)}`);
        if (type === "ADDED" && management === "Observe" && machine !== undefined) observed.set(name, machine);
        // Not at once: the operator learns of the change later.
        if (type === "DELETED" || management !== "Observe") observed.delete(name);
      },
      onSent({ host, script, changes }) {
        if (changes && [...observed.values()].includes(host))
          scene.violated(`${host}: ${script}, although management is Observe`);
      },
    };
  },
};
