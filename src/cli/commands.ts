import type { Command } from "./command.ts";
import { completion } from "./completion/completion.ts";
import { drain } from "./drain.ts";
import { migrate } from "./migrate/migrate.ts";
import { plan } from "./plan/plan.ts";
import { run } from "./run.ts";
import { topology } from "./topology/topology.ts";
import { up } from "./up/up.ts";
import { why } from "./why/why.ts";

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [run, up, migrate, drain, plan, why, topology, completion];
