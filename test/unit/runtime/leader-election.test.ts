import { describe, expect, it } from "vitest";
import type { Clock } from "../../../src/clock.ts";
import { leaseKind } from "../../../src/runtime/kinds.ts";
import { LeaderElection } from "../../../src/runtime/leader-election.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { Life } from "../../simulation/world/life.ts";
import { calm, stormy, type Weather } from "../../simulation/world/weather.ts";
import { stage } from "./stage.ts";

const lease = { namespace: "xensan", name: "xensan" };

/** Replicas that record when they begin and stop acting. Their wall clocks differ by an hour. */
function cluster(seed?: string) {
  const on = stage(seed);
  const history: string[] = [];
  const acting = new Set<string>();
  let twoAtOnce = 0;
  const replica = (
    identity: string,
    weather: Weather = { ...calm(), apiLatency: 5, watchLag: 0 },
    wallClockOffset = 0,
  ) => {
    const life = new Life(identity);
    const clock: Clock = {
      now: () => on.clock.now() + wallClockOffset,
      monotonic: () => on.clock.monotonic(),
      random: () => on.clock.random(),
      sleep: (ms, signal) => life.sees(on.clock.sleep(ms, signal)),
    };
    const metrics = createMetrics();
    const stop = new AbortController();
    const election = new LeaderElection({
      api: on.connect(weather, life),
      clock,
      log: on.log,
      metrics,
      lease,
      identity,
    });
    const second = () => Math.round(on.clock.monotonic() / 1000);
    const ended = election.run(stop.signal, async (leading) => {
      history.push(`${second()} ${identity} begins`);
      acting.add(identity);
      if (acting.size > 1) twoAtOnce += 1;
      await new Promise((resolve) => leading.addEventListener("abort", resolve, { once: true }));
      // Stopping takes a moment.
      await clock.sleep(2000);
      acting.delete(identity);
      history.push(`${second()} ${identity} ends`);
    });
    life.onEnd(() => acting.delete(identity));
    return { identity, life, weather, stop, election, ended, metrics };
  };
  return { ...on, replica, history, acting, twoAtOnce: () => twoAtOnce };
}

describe("leader election", () => {
  it("lets one replica act, and another at once when the first stops in order", async () => {
    const { replica, history, clock, twoAtOnce, eventually, connect } = cluster();
    const a = replica("a");
    await clock.advance(1000);
    const b = replica("b", undefined, 3_600_000);
    await clock.advance(60_000);
    expect(history).toEqual(["0 a begins"]);
    expect([a.election.leading, b.election.leading]).toEqual([true, false]);
    a.stop.abort();
    await eventually(() => history.length === 3, 10);
    await a.ended;
    expect(history.slice(1).map((line) => line.replace(/^\d+ /, ""))).toEqual(["a ends", "b begins"]);
    expect(twoAtOnce()).toBe(0);
    const { spec } = await connect().get(leaseKind, lease);
    expect([spec?.holderIdentity, spec?.leaseTransitions, spec?.leaseDurationSeconds]).toEqual(["b", 1, 15]);
    expect(await a.metrics.registry.metrics()).toContain('xensan_leader_election_master_status{name="xensan"} 0');
    expect(await b.metrics.registry.metrics()).toContain('xensan_leader_election_master_status{name="xensan"} 1');
  });

  it("takes over from a leader that was killed, after the lease time and soon after it", async () => {
    const { replica, history, clock } = cluster();
    const a = replica("a");
    await clock.advance(1000);
    replica("b", undefined, -3_600_000);
    await clock.advance(30_000);
    a.life.end();
    const killedAt = 31;
    await clock.advance(60_000);
    const [begins] = history.filter((line) => line.endsWith("b begins"));
    const second = Number(begins?.split(" ")[0]);
    // Within the lease time, counted from the last renewal, plus the intervals at which the two replicas look.
    expect(second).toBeGreaterThanOrEqual(killedAt + 15 - 2);
    expect(second).toBeLessThanOrEqual(killedAt + 15 + 3);
  });

  it("steps down when it cannot renew, before anybody else may begin", async () => {
    const { replica, history, clock, twoAtOnce } = cluster();
    const a = replica("a");
    await clock.advance(1000);
    replica("b");
    await clock.advance(30_000);
    a.weather.apiDown = true;
    await clock.advance(60_000);
    a.weather.apiDown = false;
    await clock.advance(60_000);
    expect(history.map((line) => line.replace(/^\d+ /, ""))).toEqual(["a begins", "a ends", "b begins"]);
    expect(twoAtOnce()).toBe(0);
  });

  it("knows by its clock alone that it no longer leads, before any timer has told it", async () => {
    const { clock, connect, log } = cluster();
    let frozen = 0;
    const jumping: Clock = { ...plainClock(clock), monotonic: () => clock.monotonic() + frozen };
    const election = new LeaderElection({ api: connect(), clock: jumping, log, lease, identity: "a" });
    const stop = new AbortController();
    void election.run(stop.signal, () => new Promise(() => undefined));
    await clock.advance(1000);
    expect(election.leading).toBe(true);
    frozen = 60_000;
    expect(election.leading).toBe(false);
  });

  it("gives the term up at once when somebody took the lease by force", async () => {
    const { replica, history, clock, connect } = cluster();
    replica("a");
    await clock.advance(5000);
    await connect().mergePatch(leaseKind, lease, { spec: { holderIdentity: "administrator" } });
    await clock.advance(5000);
    expect(history.map((line) => line.replace(/^\d+ /, ""))).toEqual(["a begins", "a ends"]);
  });

  it("ends with the error of what it led, and releases the lease", async () => {
    const { clock, connect, log } = cluster();
    const election = new LeaderElection({ api: connect(), clock, log, lease, identity: "a" });
    const outcome = election
      .run(new AbortController().signal, async () => {
        throw new Error("no ship");
      })
      .catch(String);
    await clock.advance(1000);
    expect(await outcome).toBe("Error: no ship");
    expect((await connect().get(leaseKind, lease)).spec?.holderIdentity).toBe("");
  });

  it("refuses times that would let two lead at once", () => {
    const { clock, connect, log } = cluster();
    expect(
      () =>
        new LeaderElection({ api: connect(), clock, log, lease, identity: "a", leaseSeconds: 10, renewSeconds: 10 }),
    ).toThrow("leader election needs retrySeconds < renewSeconds < leaseSeconds, not 2, 10, 10");
  });

  it("never lets two act at once, in any weather, and always somebody in the end", async () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const { replica, random, clock, twoAtOnce, acting } = cluster(`election-${seed}`);
      const replicas = ["a", "b", "c"].map((name) =>
        replica(name, stormy(random.branch(name)), random.between(-3_600_000, 3_600_000)),
      );
      for (let act = 0; act < 8; act += 1) {
        const one = replicas[Math.floor(random.next() * replicas.length)];
        if (one !== undefined) {
          if (random.chance(0.2) && act < 2) one.life.end();
          else one.weather.apiDown = random.chance(0.5);
        }
        await clock.advance(random.between(1000, 40_000));
      }
      for (const { weather } of replicas) Object.assign(weather, calm());
      await clock.advance(120_000);
      expect([seed, twoAtOnce()]).toEqual([seed, 0]);
      const alive = replicas.filter(({ life }) => life.alive).length;
      expect([seed, acting.size]).toEqual([seed, alive === 0 ? 0 : 1]);
    }
  });
});

const plainClock = (clock: Clock): Clock => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  random: () => clock.random(),
  sleep: (ms, signal) => clock.sleep(ms, signal),
});
