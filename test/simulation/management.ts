import type { KubeObject } from "../../src/runtime/kube-api.ts";
import { directDialer } from "../../src/sim/dialer.ts";
import { customResourceDefinitions } from "./definitions.ts";
import { operatorWith } from "./operator-process.ts";
import { processClock, type Stage } from "./stage.ts";
import { connectHosts } from "./world/host-client.ts";
import { ApiServer } from "./world/kube/api-server.ts";
import { toJsonObject } from "./world/kube/json.ts";
import { connectKubeApi } from "./world/kube/kube-client.ts";
import { Life } from "./world/life.ts";
import { SideEffects } from "./world/side-effects.ts";
import { calm } from "./world/weather.ts";

/** A second management cluster, with an operator of its own over the same rack. */
export interface Management {
  readonly server: ApiServer;
  apply(object: KubeObject): void;
  /** Ends its operator. */
  end(): void;
}

/** Starts it; `clusterId` is the uid of its namespace kube-system. */
export function anotherManagement(stage: Stage, clusterId: string): Management {
  const { clock, rack } = stage;
  const random = stage.random.branch(`management ${clusterId}`);
  const server = new ApiServer({
    now: () => clock.now(),
    random: random.branch("uid"),
    customResourceDefinitions: customResourceDefinitions(),
  });
  const life = new Life(`operator of ${clusterId}`);
  const effects = new SideEffects({ now: () => clock.now(), onEffect: () => undefined });
  const kube = connectKubeApi({ server, clock, life, effects, weather: calm, random: random.branch("api") });
  const dialer = connectHosts({ dialer: directDialer(rack), life, effects, nameOf: ({ host }) => host });
  const signal = new AbortController().signal;
  const running = operatorWith({ clusterId })({ kube, dialer, clock: processClock(clock, life), life }, signal);
  running.then(
    () => stage.violations.push(`the operator of ${clusterId} ended by itself`),
    (error: unknown) => stage.violations.push(`the operator of ${clusterId} ended: ${String(error)}`),
  );
  return {
    server,
    apply: (object) => {
      server.apply(server.kindNamed(object.kind ?? ""), toJsonObject(object), {
        manager: "kubectl",
        force: true,
        status: false,
      });
    },
    end: () => life.end(),
  };
}
