import { describe, expect, it } from "vitest";
import { refTo } from "../../../../src/controllers/identity.ts";
import { HostError } from "../../../../src/ssh/host-session.ts";
import { answering, unreachable, watching } from "./agent-rig.ts";
import { answered, answeredBy, deferred, ended, step } from "./rig.ts";

const data = refTo("AoeVolume", "san", "data");

const start = step("ensure-export", ["0", "1"]);

describe("a watched host", () => {
  it("is looked at once per interval, measured from the beginning of a look", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(95_000);
    expect(on.looks()).toEqual(["0 segments", "30 segments", "60 segments", "90 segments"]);
    expect(on.views).toEqual([
      "Pending Reachable",
      "Reachable Reachable",
      "Reachable Reachable",
      "Reachable Reachable",
    ]);
  });

  it("is given twice the time that it took to answer before it is looked at again", async () => {
    const on = watching();
    on.host.answer = answering(on, 25_000);
    on.watch();
    await on.clock.advance(110_000);
    expect(on.looks()).toEqual(["0 segments", "50 segments", "100 segments"]);
    expect(on.agent.tookSeconds).toBe(25);
  });

  it.each([
    ["0.4 s", 400, [0, 30, 60]],
    ["2 s: 60 times that", 2_000, [0, 120, 240]],
    ["20 s: 300 s", 20_000, [0, 300, 600]],
    ["40 s: ten times that", 40_000, [0, 400, 800]],
  ])("is probed less often while a domain arrives: a probe took %s", async (_text, tookMs, expected) => {
    const on = watching();
    const incoming = "domains\tdomain\t2\tvm1--incoming\t37baabc6-98d5-48a2-9634-a38b12e29c45\t64\t1\tp\t-\t0.0\n";
    let arrives = true;
    const text = () => answered.replace("end\tprobe", `${arrives ? incoming : ""}end\tdomains\tknown\t0\t\nend\tprobe`);
    on.host.answer = answering(on, tookMs, text);
    on.watch();
    const [, second = 0, third = 0] = expected;
    await on.clock.advance(second * 1_000 + tookMs - 1);
    arrives = false;
    await on.clock.advance(1);
    const usual = second + Math.max(30, (2 * tookMs) / 1_000);
    await on.clock.advance(third * 1_000 - on.clock.monotonic());
    expect(on.looks().slice(0, 3)).toEqual([`0 segments`, `${second} segments`, `${usual} segments`]);
  });

  it("is probed less often while a command waits for the end of a migration", async () => {
    const on = watching();
    on.host.answer = async (request) => {
      if (request.script.name.startsWith("probe")) return await answering(on, 12_000)(request);
      return await answering(on, 200_000)(request);
    };
    on.watch();
    await on.clock.advance(13_000);
    on.agent.waits.begin(data, start.command, () => undefined);
    await on.clock.advance(190_000);
    expect(on.looks()).toEqual(["0 segments"]);
  });

  it("is looked at as soon as somebody asks, and whoever asks before the look begins shares it", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(10_000);
    const requests = [on.agent.ask(), on.agent.ask()];
    expect(requests.map((request) => on.agent.hasAnswered(request))).toEqual([false, false]);
    await on.clock.advance(1_000);
    expect(on.looks()).toEqual(["0 segments", "10 segments"]);
    expect(requests.map((request) => on.agent.hasAnswered(request))).toEqual([true, true]);
  });

  it("is looked at once more for an ask that came while a look was under way: that one is not fresh for it", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(200);
    const request = on.agent.ask();
    await on.clock.advance(500);
    expect(on.agent.hasAnswered(request)).toBe(false);
    await on.clock.advance(500);
    expect(on.looks()).toEqual(["0 segments", "0.5 segments"]);
    expect(on.agent.hasAnswered(request)).toBe(true);
  });

  it("keeps most of its time however often objects change, and is probed at once for work", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(5_000);
    for (let changes = 0; changes < 100; changes++) {
      on.agent.ask("WithoutSegments", "Change");
      await on.clock.advance(100);
    }
    // Three at once, then one in 1.5 s: three times what a probe takes.
    expect(on.looks().length).toBeGreaterThan(7);
    expect(on.looks().length).toBeLessThanOrEqual(11);
    await on.clock.advance(5_000);
    const before = on.looks().length;
    on.agent.ask("WithoutSegments", "Change");
    on.agent.ask("WithoutSegments");
    await on.clock.advance(600);
    expect(on.looks().length).toBe(before + 1);
  });

  it("leaves out the segments when nobody asks for them and what is known of them is younger than an interval", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(10_000);
    on.agent.ask("WithoutSegments");
    await on.clock.advance(25_000);
    on.agent.ask("WithoutSegments");
    await on.clock.advance(1_000);
    expect(on.looks()).toEqual(["0 segments", "10", "35 segments"]);
  });

  it("keeps what the segments said when a look leaves them out", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    const known = on.agent.view.state === "Reachable" ? on.agent.view.snapshot.facts : undefined;
    on.host.answer = answering(on, 500, () => answered.replaceAll("san-systemd", "san-renamed"));
    on.agent.ask("WithoutSegments");
    await on.clock.advance(1_000);
    const facts = on.agent.view.state === "Reachable" ? on.agent.view.snapshot.facts : undefined;
    expect(facts?.identity).toMatchObject({ state: "known", value: { hostname: "san-renamed" } });
    expect(facts?.responders).toBe(known?.responders);
  });

  it("is asked what runs beside a slow look, which then tells the older state", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    const first = on.agent.view;
    on.host.answer = answering(on, 5_000, () => answered.replaceAll("san-systemd", "san-before"));
    on.agent.ask("WithoutSegments");
    await on.clock.advance(1_000);
    on.host.answer = answering(on, 500, () => answered.replaceAll("san-systemd", "san-after"));
    const request = on.agent.ask("Running");
    const known = () => {
      const { running } = on.agent;
      const identity = running.state === "Reachable" ? running.snapshot.facts.identity : undefined;
      return identity?.state === "known" ? identity.value.hostname : undefined;
    };
    expect([on.agent.hasAnswered(request), known()]).toEqual([false, "san-systemd"]);
    await on.clock.advance(500);
    expect([on.agent.hasAnswered(request), known()]).toEqual([true, "san-after"]);
    // Nobody else sees it: not even the other sections of the same probe were read.
    expect(on.agent.view).toBe(first);
    expect(on.agent.runningTookSeconds).toBe(0.5);
    await on.clock.advance(5_000);
    expect(on.looks()).toEqual(["0 segments", "1", "2 running"]);
    expect(on.views).toEqual(["Pending Reachable", "Running", "Reachable Reachable"]);
    expect(known()).toBe("san-after");
    await on.clock.advance(30_000);
    expect(known()).toBe("san-after");
  });

  it.each<[string, (on: ReturnType<typeof watching>) => Parameters<typeof watching>[0]]>([
    ["does not answer", () => ({ answer: unreachable })],
    ["is another machine", (on) => ({ answer: answering(on, 500, () => answeredBy("f".repeat(32))) })],
    ["tells nothing", (on) => ({ answer: answering(on, 500, () => "no probe\n") })],
  ])("that %s when it is asked what runs is unreachable for everybody", async (_how, told) => {
    const on = watching({ addressee: () => ({ machineId: "c0866274f3364b728cf1e59c44cd0aa3" }) });
    on.watch();
    await on.clock.advance(1_000);
    on.host.answer = told(on)?.answer ?? unreachable;
    const request = on.agent.ask("Running");
    await on.clock.advance(2_000);
    expect(on.agent.hasAnswered(request)).toBe(true);
    expect(on.agent.view).toMatchObject({ state: "Unreachable", last: { startedAt: 0 } });
    expect(on.agent.running).toBe(on.agent.view);
    expect(on.views).toEqual(["Pending Reachable", "Reachable Unreachable"]);
    expect(on.looks()).toEqual(["0 segments", "1 running"]);
  });

  it("is asked briefly while the rest is known from within an interval, and wholly before and after", async () => {
    const on = watching();
    const asked: string[] = [];
    const note = () => asked.push(on.agent.briefly);
    on.watch();
    note();
    await on.clock.advance(1_000);
    note();
    on.agent.ask(on.agent.briefly);
    // Others change as fast as it can answer: it keeps most of its time.
    await on.clock.advance(400);
    note();
    await on.clock.advance(1_000);
    note();
    await on.clock.advance(1_000);
    note();
    on.agent.ask("WithoutSegments");
    note();
    expect(asked).toEqual([
      ...["WithoutSegments", "Running", "WithoutSegments", "WithoutSegments", "Running", "WithoutSegments"],
    ]);
  });

  it("is known with what runs by the latest probe, and anew once it has booted", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    const hostname = () => {
      const { current } = on.agent;
      const identity = current.state === "Reachable" ? current.snapshot.facts.identity : undefined;
      return identity?.state === "known" ? identity.value.hostname : current.state;
    };
    const boot = /(?<=\tboot-id\t)[0-9a-f-]{36}/.exec(answered)?.[0] ?? "no boot id";
    on.host.answer = answering(on, 500, () => answered.replaceAll("san-systemd", "san-renamed"));
    on.agent.ask("Running");
    await on.clock.advance(1_000);
    expect([hostname(), on.agent.sinceRunningSeconds]).toEqual(["san-renamed", 0.5]);
    on.host.answer = answering(on, 500, () => answered.replaceAll(boot, "1".repeat(36)));
    on.agent.ask("Running");
    await on.clock.advance(600);
    expect(hostname()).toBe("Pending");
    await on.clock.advance(1_000);
    expect(hostname()).toBe("san-systemd");
    expect(on.looks()).toEqual(["0 segments", "1 running", "2 running", "2.5"]);
  });

  it("that tells nothing is unreachable, whatever is still known of its segments", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    on.host.answer = answering(on, 500, () => "no probe\n");
    on.agent.ask("WithoutSegments");
    await on.clock.advance(1_000);
    expect(on.looks()).toEqual(["0 segments", "1"]);
    expect(on.agent.view).toMatchObject({ state: "Unreachable", reason: "ProbeUnreadable" });
  });

  it("that does not answer is not asked what runs, but whether it answers again", async () => {
    const on = watching({ answer: unreachable });
    on.watch();
    await on.clock.advance(1_000);
    const request = on.agent.ask("Running");
    await on.clock.advance(1_000);
    expect(on.looks()).toEqual(["0 segments", "1 segments"]);
    expect(on.agent.hasAnswered(request)).toBe(true);
  });

  it("keeps the same facts when it says word for word the same", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    const first = on.agent.view.state === "Reachable" ? on.agent.view.snapshot : undefined;
    await on.clock.advance(30_000);
    const second = on.agent.view.state === "Reachable" ? on.agent.view.snapshot : undefined;
    expect(second?.facts).toBe(first?.facts);
    expect([first?.startedAt, second?.startedAt]).toEqual([0, 30_000]);
  });

  it("that does not answer keeps its last facts for people, and answers every ask", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    on.host.answer = unreachable;
    const request = on.agent.ask();
    await on.clock.advance(1_000);
    expect(on.agent.view).toMatchObject({
      state: "Unreachable",
      reason: "Unreachable",
      message: "SSH connection refused by san1:22",
      last: { startedAt: 0 },
    });
    expect(on.agent.hasAnswered(request)).toBe(true);
    expect(on.agent.ageSeconds()).toBe(2);
    expect(on.agent.sinceLookSeconds).toBe(Number.POSITIVE_INFINITY);
  });

  it("is not asked while there is no way to it", async () => {
    const on = watching({
      route: () => ({ kind: "problem", reason: "SecretNotFound", message: "Secret san/key does not exist" }),
    });
    on.watch();
    await on.clock.advance(1_000);
    expect([on.looks(), on.acts()]).toEqual([[], []]);
    expect(on.agent.view).toEqual({
      state: "Unreachable",
      reason: "SecretNotFound",
      message: "Secret san/key does not exist",
      last: undefined,
    });
  });

  it("is unreadable when the probe ends with a failure, whatever it printed", async () => {
    const on = watching({ answer: async () => ended("sh: out of memory\n", 2) });
    on.watch();
    await on.clock.advance(1_000);
    expect(on.agent.view).toMatchObject({
      state: "Unreachable",
      reason: "ProbeUnreadable",
      message: 'The probe ended with exit code 2 and printed "sh: out of memory"',
    });
  });

  it("is not taken for the machine that was recorded when another one answers", async () => {
    const on = watching({ addressee: () => ({ machineId: "c0866274f3364b728cf1e59c44cd0aa3" }) });
    on.watch();
    await on.clock.advance(1_000);
    expect(on.agent.view.state).toBe("Reachable");
    on.host.answer = answering(on, 500, () => answeredBy("00000000000000000000000000000bad"));
    await on.clock.advance(30_000);
    expect(on.agent.view).toMatchObject({ state: "Unreachable", reason: "MachineChanged", last: { startedAt: 0 } });
  });
});

describe("a step on a watched host", () => {
  it("is proven by a look that begins after its end", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    on.agent.lanes.submit(data, [start]);
    await on.clock.advance(400);
    expect(on.agent.pending(data)).toBe(true);
    await on.clock.advance(700);
    expect(on.agent.pending(data)).toBe(false);
    expect(on.looks()).toEqual(["0 segments", "1.5 segments"]);
    expect(on.views.at(-1)).toBe("Reachable Reachable AoeVolume san/data");
    expect(on.agent.results(data).map(({ outcome }) => outcome)).toEqual([{ kind: "done", detail: "" }]);
  });

  it("is sent with the machine that it is meant for", async () => {
    const on = watching({
      addressee: () => ({
        machineId: "c0866274f3364b728cf1e59c44cd0aa3",
        claims: [{ kind: "AoeServer", cluster: "uid-1", namespace: "san", name: "san1" }],
      }),
    });
    on.watch();
    await on.clock.advance(1_000);
    on.agent.lanes.submit(data, [start]);
    await on.clock.advance(1_000);
    expect(on.acts().map(({ request }) => request.args)).toEqual([
      ["machine=c0866274f3364b728cf1e59c44cd0aa3", "claim=AoeServer uid-1 san/san1", "0", "1"],
    ]);
  });

  it("is not sent to a host that stopped answering while it waited", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    on.host.answer = unreachable;
    await on.clock.advance(30_000);
    on.agent.lanes.submit(data, [start]);
    await on.clock.advance(1_000);
    expect(on.acts()).toEqual([]);
    expect(on.agent.results(data).map(({ outcome }) => outcome)).toEqual([
      { kind: "lost", reason: "Unreachable", message: "SSH connection refused by san1:22" },
    ]);
  });

  it("is lost, its effect unknown, when the connection breaks", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    on.host.answer = async ({ script }) => {
      if (script.name === "probe") return ended(answered);
      throw new HostError("ConnectionLost", "reset by peer", { started: true });
    };
    on.agent.lanes.submit(data, [start, step("ensure-export", ["0", "2"])]);
    await on.clock.advance(1_000);
    expect(on.agent.results(data).map(({ outcome }) => outcome)).toEqual([
      { kind: "lost", reason: "ConnectionLost", message: "reset by peer" },
    ]);
  });

  it("that interrupts a client begins within five seconds of its decision or not at all", async () => {
    const on = watching({ parallel: 1 });
    on.watch();
    await on.clock.advance(1_000);
    on.host.answer = async ({ script, beginWithinSeconds }) => {
      if (script.name === "probe") return ended(answered);
      await on.clock.sleep(2_000);
      if (beginWithinSeconds !== undefined && beginWithinSeconds < 4)
        throw new HostError("TimedOut", "no free channel within 3 s", { started: false });
      return ended("done\t\n");
    };
    on.agent.lanes.submit(refTo("AoeVolume", "san", "other"), [start]);
    on.agent.lanes.submit(data, [step("remove-export", ["0", "1"], { interrupts: true })]);
    await on.clock.advance(10_000);
    expect(on.acts().map(({ request }) => [request.script.name, request.beginWithinSeconds])).toEqual([
      ["ensure-export", undefined],
      ["remove-export", 3],
    ]);
    expect(on.agent.results(data)).toEqual([]);
  });

  it("ends before the watch does", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    const last = deferred<void>();
    on.host.answer = async () => {
      await last.promise;
      return ended("done\t\n");
    };
    on.agent.lanes.submit(data, [start]);
    on.stop.abort();
    let over = false;
    const ending = on.ended().then(() => {
      over = true;
    });
    await on.clock.advance(60_000);
    expect(over).toBe(false);
    last.resolve();
    await ending;
    expect(on.agent.results(data).map(({ outcome }) => outcome.kind)).toEqual(["done"]);
  });
});

describe("a wait on a watched host", () => {
  it("runs once for its owner, beside the jobs, and tells how it ended", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    const heard: unknown[] = [];
    const { command } = step("await-migration", ["1", "2"]);
    for (let round = 0; round < 3; round++)
      on.agent.waits.begin(refTo("XenMigration", "san", "move"), command, (outcome) => heard.push(outcome));
    await on.clock.advance(1_000);
    expect(on.acts().map(({ request }) => request.script.name)).toEqual(["await-migration"]);
    expect(heard).toEqual([{ kind: "done", detail: "" }]);
    expect(on.agent.waits.active).toBe(0);
  });

  it("that is lost tells nothing: the next look shows what happened", async () => {
    const on = watching();
    on.watch();
    await on.clock.advance(1_000);
    on.host.answer = unreachable;
    const heard: unknown[] = [];
    on.agent.waits.begin(refTo("XenMigration", "san", "move"), step("await-migration", ["1", "2"]).command, (outcome) =>
      heard.push(outcome),
    );
    await on.clock.advance(1_000);
    expect([heard, on.agent.waits.active]).toEqual([[], 0]);
  });
});
