import { HostError } from "../../../src/ssh/host-session.ts";
import { isObject, objectAt } from "../world/kube/json.ts";
import type { Invariant, Scene } from "./invariant.ts";

export const settledOnSight: Invariant = {
  name: "settled on sight",
  says: "what a migration left is destroyed, started or resumed only after the last look at both of its hosts succeeded",
  watch(scene: Scene) {
    const looks = new Map<string, boolean>();
    return {
      onAnswered(sent, answer) {
        if (!sent.changes)
          looks.set(`${sent.life.name} ${sent.host}`, !(answer instanceof HostError) && answer.exitCode === 0);
      },
      onSent(sent) {
        if (sent.script !== "settle-migration") return;
        const [_owner, uuid = ""] = sent.args;
        const unseen = hostsOf(scene, uuid).filter((host) => looks.get(`${sent.life.name} ${host}`) !== true);
        if (unseen.length > 0)
          scene.violated(`${sent.host}: ${sent.args.join(" ")} without having seen ${unseen.join(", ")}`);
      },
    };
  },
};

/** Hosts of the open migrations of a domain; in these worlds hosts have the names of their objects. */
function hostsOf({ server }: Scene, uuid: string): string[] {
  const all = server.list(server.kindNamed("XenMigration"), {}).items;
  return all.flatMap((object) => {
    const status = objectAt(object, "status");
    const { domainUUID, completionTime } = status;
    const open = domainUUID === uuid && completionTime === undefined && isObject(object);
    return open ? ["sourceHostRef", "targetHostRef"].map((field) => String(objectAt(status, field).name)) : [];
  });
}
