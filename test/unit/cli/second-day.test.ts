import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startApiServer } from "./api-server.ts";
import * as w from "./world.ts";

const going = { Succeeded: w.unknown("Migrating", "half") };
const over = (aborted: w.Said, succeeded: w.Said) =>
  w.migration("move", { Aborted: aborted, Succeeded: succeeded }).status;

describe("xensan abort", () => {
  it("asks for it, and waits for the end", async () => {
    const server = await startApiServer({ "xenmigrations/move": w.migration("move", going) });
    server.onPatch = (object) => {
      object.status = over({ ...w.fine, reason: "AbortRequested" }, w.not("AbortRequested", "It was stopped"));
    };
    const { code, stdout, stderr } = await server.xensan("abort", "move", "--wait", "-o", "json");
    expect({ code, stderr, result: JSON.parse(stdout) }).toEqual({
      code: 0,
      stderr: "xenmigration/move: abort is Requested\nfailed, AbortRequested: It was stopped\n",
      result: {
        ...{ namespace: "san", name: "move", aborted: "True", succeeded: "False" },
        ...{ reason: "AbortRequested", message: "It was stopped" },
      },
    });
    expect(server.objects.get("xenmigrations/move")).toMatchObject({ spec: { abort: "Requested" } });
  });

  it("ends with 1 when the migration had an end of its own first", async () => {
    const server = await startApiServer({ "xenmigrations/move": w.migration("move", going) });
    server.onPatch = (object) => {
      object.status = over(w.not("NotAborted", "too late"), { ...w.fine, reason: "Succeeded" });
    };
    expect(await server.xensan("abort", "move", "--wait")).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("done, Succeeded"),
    });
  });

  it("refuses one that is over, and changes nothing", async () => {
    const done = w.migration("move", { Succeeded: { ...w.fine, reason: "Succeeded" } });
    const server = await startApiServer({ "xenmigrations/move": done });
    expect(await server.xensan("abort", "move")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("xenmigration/move has finished (Succeeded: "),
    });
    expect(server.requests).toEqual(["GET xenmigrations"]);
  });
});

describe("xensan drain", () => {
  it("says what was done, waits until the host is empty, and sums it up", async () => {
    const server = await startApiServer({ "xenhosts/bella": w.host("bella") });
    server.onPatch = (object) => {
      object.status = w.host("bella", { Drained: { ...w.fine, reason: "Empty", message: "no domain" } }).status;
    };
    const { code, stdout, stderr } = await server.xensan("drain", "bella", "--wait", "-o", "json");
    expect({ code, stderr, result: JSON.parse(stdout) }).toEqual({
      ...{ code: 0, stderr: "xenhost/bella: maintenance is Drain\nEmpty: no domain\n" },
      result: {
        namespace: "san",
        name: "bella",
        maintenance: "Drain",
        drained: "True",
        reason: "Empty",
        message: "no domain",
      },
    });
  });
});

describe("xensan pause and resume", () => {
  it("set the annotation and take it away, and say when there is nothing to do", async () => {
    const server = await startApiServer({ "aoevolumes/data": w.volume() });
    const told: string[] = [];
    const seen: unknown[] = [];
    for (const command of ["resume", "pause", "pause", "resume"]) {
      told.push((await server.xensan(command, "aoev/data")).stdout);
      seen.push(structuredClone(server.objects.get("aoevolumes/data")?.metadata));
    }
    expect(told).toEqual(
      ["is not paused", "paused", "is already paused", "resumed"].map((words) => `aoevolume/data: ${words}\n`),
    );
    const { metadata } = w.volume();
    const paused = { ...metadata, annotations: { "xensan.dev/paused": "true" } };
    expect(seen).toEqual([metadata, paused, paused, { ...metadata, annotations: {} }]);
    expect(server.requests.filter((request) => request.startsWith("PATCH"))).toEqual([
      "PATCH aoevolumes/data",
      "PATCH aoevolumes/data",
    ]);
  });

  it("say which object they do not find", async () => {
    const server = await startApiServer({ "aoevolumes/data": w.volume() });
    expect(await server.xensan("pause", "aoev/dta")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no AoeVolume "dta" in namespace san, did you mean data?'),
    });
  });
});

describe("xensan reconcile", () => {
  it("sets a new time as the annotation each time", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-01-02T03:04:05Z") });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const server = await startApiServer({ "aoevolumes/data": w.volume() });
    const asked: unknown[] = [];
    for (const minute of [4, 5]) {
      vi.setSystemTime(Date.parse(`2026-01-02T03:0${minute}:00Z`));
      expect(await server.xensan("reconcile", "aoev/data")).toEqual({
        ...{ code: 0, stdout: "aoevolume/data: reconciliation requested\n", stderr: "" },
      });
      asked.push(structuredClone(server.objects.get("aoevolumes/data")?.metadata));
    }
    const { metadata } = w.volume();
    expect(asked).toEqual(
      ["2026-01-02T03:04:00.000Z", "2026-01-02T03:05:00.000Z"].map((time) => ({
        ...metadata,
        annotations: { "xensan.dev/reconcile-at": time },
      })),
    );
  });
});

describe("xensan plan", () => {
  async function planned(failures: readonly string[], code: number) {
    const left = [...failures];
    const volume = { apiVersion: "xensan.dev/v1alpha1", kind: "AoeVolume", ...w.volume() };
    const server = await startApiServer({ "aoevolumes/data": volume });
    server.fails = (request) => {
      const index = left.indexOf(request);
      if (index === -1) return undefined;
      left.splice(index, 1);
      return code;
    };
    const directory = await mkdtemp(path.join(tmpdir(), "xensan-plan-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = path.join(directory, "volume.json");
    await writeFile(file, JSON.stringify({ ...volume, status: undefined }));
    return await server.xensan("plan", "-f", file, "-o", "json");
  }

  it("asks a busy server again, call by call, with a line each time", async () => {
    const { code, stdout, stderr } = await planned(["GET aoevolumes/data", "PATCH aoevolumes/data"], 503);
    expect(stderr.replaceAll(/\d+\.\d s/g, "N s").split("\n")).toEqual([
      "reading AoeVolume san/data: it is busy; retrying in N s",
      "asking for a dry run of AoeVolume san/data: it is busy; retrying in N s",
      "",
    ]);
    expect({ code, verdicts: JSON.parse(stdout).objects.map((one: { verdict: string }) => one.verdict) }).toEqual({
      ...{ code: 0, verdicts: ["Unchanged"] },
    });
  });

  it("calls refused what the server refuses", async () => {
    const { code, stdout, stderr } = await planned(["PATCH aoevolumes/data"], 422);
    expect({ code, stderr, objects: JSON.parse(stdout).objects }).toEqual({
      ...{ code: 1, stderr: "" },
      objects: [expect.objectContaining({ name: "data", verdict: "Refused", message: "it is busy" })],
    });
  });
});

describe("xensan forget", () => {
  it("sets the boot that was seen last as an annotation, beside those that are there, once", async () => {
    const seen = { Reachable: w.not("Unreachable", "no route") };
    const bella = w.host("bella", seen, { facts: { bootID: "boot-1" } });
    const metadata = { ...bella.metadata, annotations: { a: "b" } };
    const server = await startApiServer({ "xenhosts/bella": { ...bella, metadata } });
    for (let count = 0; count < 2; count += 1)
      expect(await server.xensan("forget", "bella")).toEqual({
        ...{ code: 0, stdout: "xenhost/bella: confirmed that boot boot-1 has ended\n", stderr: "" },
      });
    expect(JSON.parse((await server.xensan("forget", "bella", "-o", "json")).stdout)).toEqual({
      ...{ namespace: "san", name: "bella", bootID: "boot-1" },
    });
    expect(server.objects.get("xenhosts/bella")).toMatchObject({
      metadata: { ...metadata, annotations: { a: "b", "xensan.dev/forget": "boot-1" } },
    });
    expect(server.requests.filter((request) => request.startsWith("PATCH"))).toEqual(["PATCH xenhosts/bella"]);
  });

  it("adds boots that only lock files name, and keeps them until the host was seen in another one", async () => {
    const seen = { Reachable: w.not("Unreachable", "no route") };
    const server = await startApiServer({ "xenhosts/bella": w.host("bella", seen, { facts: { bootID: "boot-1" } }) });
    expect(await server.xensan("forget", "bella", "--boot", "boot-2")).toEqual({
      ...{ code: 0, stdout: "xenhost/bella: confirmed that boots boot-1 and boot-2 have ended\n", stderr: "" },
    });
    expect(JSON.parse((await server.xensan("forget", "bella", "--boot", "boot-3", "-o", "json")).stdout)).toEqual({
      ...{ namespace: "san", name: "bella", bootID: "boot-1", otherBootIDs: ["boot-2", "boot-3"] },
    });
    const set = server.objects.get("xenhosts/bella");
    expect(Object(set).metadata.annotations).toEqual({ "xensan.dev/forget": "boot-1 boot-2 boot-3" });
    server.objects.set("xenhosts/bella", {
      ...Object(set),
      status: { ...Object(set).status, facts: { bootID: "boot-4" } },
    });
    await server.xensan("forget", "bella");
    expect(Object(server.objects.get("xenhosts/bella")).metadata.annotations).toEqual({
      "xensan.dev/forget": "boot-4",
    });
    expect((await server.xensan("forget", "bella", "--boot", "boot 5")).code).toBe(2);
  });
});
