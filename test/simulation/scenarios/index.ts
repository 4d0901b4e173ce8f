import type { Scenario } from "../stage.ts";
import { backings } from "./backings.ts";
import { cluster } from "./cluster.ts";
import { deadHost } from "./dead-host.ts";
import { drain, migrations } from "./migration.ts";
import { observed } from "./observed.ts";
import { rivals } from "./rivals.ts";
import { tutorial } from "./tutorial.ts";

export const scenarios: readonly [Scenario, ...Scenario[]] = [
  tutorial,
  backings,
  rivals,
  cluster,
  migrations,
  drain,
  deadHost,
  observed,
];
