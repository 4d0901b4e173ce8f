import { describe, expect, it } from "vitest";
import { identityOf, replica } from "./operator-process.ts";
import { tutorial } from "./scenarios/tutorial.ts";
import { Stage } from "./stage.ts";
import { brewStorm, endStorm } from "./storm.ts";
import { silent } from "./trace.ts";
import { objectAt } from "./world/kube/json.ts";

const minute = 60_000;
const lease = { namespace: "xensan-system", name: "xensan" };

/** Two replicas, and the processes that changed a host without holding the Lease. */
function twoReplicas(seed: string): { stage: Stage; actors: Set<string>; usurpers: string[] } {
  const stage = new Stage({ seed, scenario: tutorial, operator: replica, trace: silent });
  const actors = new Set<string>();
  const usurpers: string[] = [];
  stage.onEffect = ({ door, by, what }) => {
    if (door !== "host") return;
    actors.add(by);
    const holder = objectAt(stage.find("Lease", lease) ?? {}, "spec").holderIdentity;
    if (holder !== identityOf(by)) usurpers.push(`${by} while ${holder} leads: ${what}`);
  };
  for (const object of tutorial.manifests()) stage.apply(object);
  stage.startOperator();
  return { stage, actors, usurpers };
}

const settled = (stage: Stage) => tutorial.missing(stage, new Set()).length === 0;

describe("two replicas", () => {
  it("act one at a time, and the other takes over when the first one dies", async () => {
    const { stage, actors, usurpers } = twoReplicas("takeover");
    const first = stage.life;
    await stage.advance(5_000);
    stage.startOperator();
    const second = stage.life;
    await stage.advance(10 * minute, () => settled(stage));
    expect([settled(stage), [...actors]]).toEqual([true, [first.name]]);
    first.end();
    const configuration = "/etc/vblade.conf.d/e0.1.conf";
    const text = stage.rack.readFile("san", configuration) ?? "";
    stage.rack.writeFile("san", configuration, `${text}options='-r'\n`);
    await stage.advance(2 * minute, () => stage.rack.readFile("san", configuration) === text);
    expect([stage.rack.readFile("san", configuration), [...actors]]).toEqual([text, [first.name, second.name]]);
    expect([...stage.violations, ...usurpers]).toEqual([]);
    stage.life.end();
  });

  it.each(Array.from({ length: 20 }, (_, seed) => seed))("keep to that in storm %i", async (seed) => {
    const { stage, usurpers } = twoReplicas(`replicas/${seed}`);
    const standby = stage.life;
    stage.startOperator();
    brewStorm(stage, stage.random.branch("storm"), 3 * minute);
    await stage.advance(4 * minute);
    endStorm(stage);
    await stage.advance(30 * minute, () => settled(stage));
    expect([...stage.violations, ...usurpers, ...tutorial.missing(stage, new Set())]).toEqual([]);
    standby.end();
    stage.life.end();
  });
});
