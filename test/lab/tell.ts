import path from "node:path";
import { keepArtifacts } from "./artifacts.ts";
import type { Rack } from "./rack.ts";
import type { Scenario, Story } from "./scenario.ts";
import { openStage, type Stage } from "./stage.ts";

/** How a scenario ended. */
export interface Result {
  readonly story: string;
  readonly scenario: string;
  readonly seconds: number;
  readonly failed: boolean;
  /** Its result text, or why it failed. */
  readonly text: string;
}

export interface Telling {
  readonly rack: Rack;
  /** Where the folder of each failure is made. */
  readonly artifacts: string;
  readonly signal: AbortSignal;
  /** Called with each result as it comes. */
  readonly report: (result: Result) => void;
}

/** Runs a story on a clean rack. After a failure the next scenario gets a clean rack, on which `given` runs again. */
export async function tell(story: Story, telling: Telling): Promise<readonly Result[]> {
  const { rack, signal, report } = telling;
  const results: Result[] = [];
  let stage: Stage | undefined;

  const perform = async (scenario: Scenario, prefix = ""): Promise<boolean> => {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    const name = prefix + scenario.name;
    const finish = (failed: boolean, text: string) => {
      const result = { story: story.name, scenario: name, seconds: seconds(), failed, text };
      results.push(result);
      report(result);
      return !failed;
    };
    let current = stage;
    try {
      if (current === undefined) {
        current = await openStage(rack, story.name, signal);
        stage = current;
      }
      return finish(false, (await scenario.run(current.words)) ?? "");
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      const folder = path.join(telling.artifacts, `${story.name} ${name}`.replaceAll(/[^A-Za-z0-9]+/g, "-"));
      const operatorLog = current?.operator.logFile ?? "";
      await keepArtifacts(folder, { rack, cluster: current?.cluster, operatorLog, why });
      return finish(true, `${why}\nkept: ${folder}`);
    }
  };
  const close = async () => {
    const before = stage;
    stage = undefined;
    await before?.close();
  };

  try {
    let good = await perform(story.given);
    for (const scenario of story.scenarios) {
      if (!good) {
        await close();
        await rack.reset();
        if (!(await perform(story.given, "again: "))) break;
      }
      good = await perform(scenario);
    }
    return results;
  } finally {
    await close();
  }
}
