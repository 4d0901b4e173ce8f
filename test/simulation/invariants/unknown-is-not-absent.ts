import { HostError } from "../../../src/ssh/host-session.ts";
import type { Invariant, Scene } from "./invariant.ts";

export const unknownIsNotAbsent: Invariant = {
  name: "unknown is not absent",
  says: "a process changes a host only after its last look at that host succeeded",
  watch(scene: Scene) {
    /** How the last look of each operator process at each host ended. */
    const looks = new Map<string, string>();
    return {
      onAnswered(sent, answer) {
        if (sent.changes) return;
        const outcome =
          answer instanceof HostError ? answer.code : answer.exitCode === 0 ? "" : `exit code ${answer.exitCode}`;
        looks.set(`${sent.life.name} ${sent.host}`, outcome);
      },
      onSent(sent) {
        if (!sent.changes) return;
        const last = looks.get(`${sent.life.name} ${sent.host}`) ?? "never looked";
        if (last !== "") scene.violated(`${sent.host}: ${sent.script} although the last look ended with ${last}`);
      },
    };
  },
};
