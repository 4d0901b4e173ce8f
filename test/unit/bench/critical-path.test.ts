import { describe, expect, it } from "vitest";
import { criticalPath, durationOf } from "../../bench/critical-path.ts";

const command = (host: string, script: string, start: number, end: number) => ({ host, script, start, end });

describe("the critical path of a convergence", () => {
  it("goes back from the end, each time to the last command that had ended by then", () => {
    const commands = [
      command("san", "probe", 0, 10),
      command("bella", "probe", 0, 30),
      command("san", "ensure-export", 31, 50),
      command("san", "probe", 50, 55),
      command("bella", "discover", 40, 45),
      command("bella", "probe", 56, 90),
      command("brutus", "probe", 60, 95),
    ];
    const chain = criticalPath(commands, 92);
    expect(chain.map(({ host, script }) => `${host} ${script}`)).toEqual([
      "bella probe",
      "san ensure-export",
      "san probe",
      "bella probe",
    ]);
    expect(durationOf(chain)).toBe(30 + 19 + 5 + 34);
  });

  it("is empty when nothing was done", () => {
    expect(criticalPath([], 100)).toEqual([]);
  });
});
