import { describe, expect, it } from "vitest";
import type { Machine } from "../../../src/controllers/hosts/machine.ts";
import { type HostView, pending } from "../../../src/controllers/hosts/view.ts";
import { refTo } from "../../../src/controllers/identity.ts";
import { KernelReports, mostReports, recentMs } from "../../../src/controllers/kernel-reports.ts";
import type { KernelTrouble } from "../../../src/host/ocfs2-facts.ts";
import { bytesInUse, partOfAnswer } from "../heap.ts";
import { known, reachable } from "./facts.ts";

const report = (subject: string, message = `I/O error on ${subject}`): KernelTrouble => ({
  ...{ kind: "IoError", subject, count: 1, seconds: 100, message },
});

/** A host whose kernel reported nothing at the first look. */
function reporting() {
  const reports = new KernelReports();
  const agent = { view: pending as HostView };
  const host = { agent } as unknown as Machine;
  const look = (at: number, troubles: readonly KernelTrouble[]) => {
    const before = agent.view;
    const view = reachable({ kernelTroubles: known(troubles) });
    if (view.state !== "Reachable") return false;
    agent.view = { ...view, snapshot: { ...view.snapshot, startedAt: at } };
    return reports.look(host, before);
  };
  look(0, []);
  return {
    ...{ reports, host, agent, look },
    recent: (now: number) => reports.recent(host, now).map(({ report: { subject } }) => subject),
  };
}

describe("the reports of a kernel that are remembered", () => {
  it("are those that came between two looks, for some minutes", () => {
    const { look, recent } = reporting();
    expect(look(1_000, [report("etherd/e0.1")])).toBe(true);
    expect(look(2_000, [report("etherd/e0.1")])).toBe(false);
    expect(recent(1_000 + recentMs)).toEqual(["etherd/e0.1"]);
    expect(recent(1_001 + recentMs)).toEqual([]);
  });

  it("are told once while they continue, however many others come", () => {
    const { look, reports, host } = reporting();
    const tenant = refTo("Ocfs2Cluster", "san", "data");
    look(1_000, [report("etherd/e0.1")]);
    expect(reports.tell(host, 1_000, tenant)).toEqual([report("etherd/e0.1")]);
    const again = { ...report("etherd/e0.1"), count: 2 };
    look(2_000, [again, ...Array.from({ length: mostReports - 1 }, (_, one) => report(`sd${one}`))]);
    expect(reports.tell(host, 2_000, tenant)).toHaveLength(mostReports - 1);
  });

  it("are the newest, and no more than so many, whatever a host names and though nobody asks", () => {
    const { look, recent } = reporting();
    for (let at = 1; at <= 5; at++)
      look(
        at,
        Array.from({ length: 200 }, (_, one) => report(`made-up-${at}-${one}`)),
      );
    expect(recent(5)).toHaveLength(mostReports);
    expect(recent(5).at(-1)).toBe("made-up-5-199");
    expect(recent(5)).toContain("made-up-5-0");
  });

  it("are as long as the probe prints them, and keep no answer in memory", () => {
    const { look, reports, host, agent } = reporting();
    const bytes = 2 ** 20;
    const before = bytesInUse();
    for (let at = 1; at <= 40; at++) look(at, [report(partOfAnswer(`etherd/made-up-${at}`, bytes), "m".repeat(4_000))]);
    agent.view = pending;
    expect(bytesInUse() - before).toBeLessThan(10 * bytes);
    const [first] = reports.recent(host, 40);
    expect([first?.report.subject, first?.report.message.length]).toEqual(["etherd/made-up-1", 300]);
  });

  it("are not those of some minutes ago while others come and nobody asks", () => {
    const { look, reports, host } = reporting();
    look(0, [report("old")]);
    look(recentMs + 1, [report("new")]);
    // At a moment when both would be recent.
    expect(reports.recent(host, recentMs).map(({ report: { subject } }) => subject)).toEqual(["new"]);
  });
});
