import { HostError } from "../../../src/ssh/host-session.ts";
import type { Invariant, Scene } from "./invariant.ts";

/** Scripts that require that something is on no other host. */
const restOnAbsence: ReadonlySet<string> = new Set(["start-domain", "delete-image"]);

export const beatingIsAlive: Invariant = {
  name: "a node that beats is alive",
  says: "no domain is started and no image deleted while a node of the same file system beats and the last look at it failed",
  watch(scene: Scene) {
    /** How the last look of each operator process at each host ended. */
    const looks = new Map<string, "Seen" | "Failed">();
    return {
      onAnswered(sent, answer) {
        if (sent.changes) return;
        const seen = !(answer instanceof HostError) && answer.exitCode === 0;
        looks.set(`${sent.life.name} ${sent.host}`, seen ? "Seen" : "Failed");
      },
      onSent(sent) {
        if (!restOnAbsence.has(sent.script)) return;
        const beats = new Set(scene.rack.host(sent.host).running.o2cb.regions.keys());
        for (const { name, running } of scene.rack.hosts.values()) {
          if (name === sent.host || ![...running.o2cb.regions.keys()].some((region) => beats.has(region))) continue;
          if (looks.get(`${sent.life.name} ${name}`) !== "Seen")
            scene.violated(`${sent.host}: ${sent.script} while ${name} beats and has not been seen`);
        }
      },
    };
  },
};
