import type { Responder } from "../script.ts";
import { acting, finish } from "./answer.ts";

/** claim-machine.sh */
export const claimMachine: Responder = acting(function* claimMachine(run) {
  yield run.world.timings.process;
  return finish(run, "claimed");
});
