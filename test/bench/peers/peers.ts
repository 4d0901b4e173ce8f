import { systemClock } from "../../../src/clock.ts";
import { createDialer } from "../../../src/ssh/dialer.ts";
import type { Measurement } from "../measurement.ts";
import { sleep, startOperator, until } from "../operator.ts";
import { openCluster } from "./cluster.ts";
import { type Machines, startMachines } from "./machines.ts";

const rounds = 5;
const setup =
  "ten containers with systemd, sshd and vblade on this machine; Ansible of Debian 12 with pipelining, ten forks and open connections; parallel ssh with open connections; xensan with its API in memory";

type Tool = "xensan" | "Ansible" | "parallel ssh";
type Seconds = Record<Tool, number[]>;

/** A round without a change, one repair and one change on all of ten hosts: xensan, Ansible and plain parallel ssh. */
export async function peers(): Promise<Measurement[]> {
  await using machines = await startMachines();
  const ports: number[] = [];
  const dialer = createDialer({
    allow: "Any",
    observe: (event) => {
      if (event.kind === "command") ports.push(event.port);
    },
  });
  const cluster = openCluster(machines);
  const operator = startOperator({ kube: cluster.kube, dialer, clock: systemClock, config: {} });
  try {
    cluster.declare(1);
    await until("ten volumes are exported", 300, () => cluster.exported() === 10);
    for (const tool of ["Ansible", "parallel ssh"] as const) await machines.timed(lineOf(tool, 1));
    await sleep(5000);

    const quiet = nothingYet();
    for (let round = 0; round < rounds; round++) {
      quiet.xensan.push(await lookAtAll(cluster, ports));
      for (const tool of ["Ansible", "parallel ssh"] as const) quiet[tool].push(await machines.timed(lineOf(tool, 1)));
    }
    const repair = nothingYet();
    const noticed: number[] = [];
    for (let round = 0; round < rounds; round++) {
      repair.xensan.push(await repaired(machines, "e1.0", () => cluster.reconcile()));
      noticed.push(await repaired(machines, "e1.0", () => undefined));
      for (const [tool, unit] of [
        ["Ansible", "ansible1"],
        ["parallel ssh", "plain1"],
      ] as const) {
        await machines.machines[0]?.host.sh(`systemctl stop vblade@${unit}`);
        repair[tool].push(await machines.timed(lineOf(tool, 1)));
      }
    }
    const change = nothingYet();
    for (let count = 2; count < rounds + 2; count++) {
      const begin = performance.now();
      cluster.declare(count);
      await until("the new volumes are exported", 120, () => cluster.exported() === 10 * count);
      change.xensan.push((performance.now() - begin) / 1000);
      for (const tool of ["Ansible", "parallel ssh"] as const)
        change[tool].push(await machines.timed(lineOf(tool, count)));
    }
    return [
      ...compared("ten hosts, nothing to do", quiet),
      ...compared("a vblade stopped on one host, the tool started at once", repair),
      seconds("a vblade stopped on one host, xensan finds it by itself", noticed),
      ...compared("one more export on each of ten hosts", change),
    ];
  } finally {
    operator.stop();
    await operator.ended;
    await dialer.close();
  }
}

const nothingYet = (): Seconds => ({ xensan: [], Ansible: [], "parallel ssh": [] });

const lineOf = (tool: Exclude<Tool, "xensan">, count: number) =>
  tool === "Ansible" ? `ansible-playbook -i hosts exports.yaml -e count=${count}` : `sh on-all.sh ${count} $ADDRESSES`;

/** Seconds until all ten hosts have answered a probe that was asked for now. */
async function lookAtAll(cluster: ReturnType<typeof openCluster>, ports: number[]): Promise<number> {
  ports.length = 0;
  const begin = performance.now();
  cluster.reconcile();
  await until("every host has answered", 60, () => new Set(ports).size === 10);
  return (performance.now() - begin) / 1000;
}

/** Seconds from the stop of a vblade until it serves again. */
async function repaired({ machines }: Machines, name: string, ask: () => void): Promise<number> {
  const host = machines[0]?.host;
  if (host === undefined) throw new Error("there are no hosts");
  const unit = `vblade@${name}`;
  await host.sh(`systemctl stop ${unit}`);
  const begin = performance.now();
  ask();
  while ((await host.try(`systemctl is-active ${unit}`)).exitCode !== 0) {
    if (performance.now() - begin > 120_000) throw new Error(`${unit} was not started again`);
  }
  return (performance.now() - begin) / 1000;
}

function compared(what: string, { xensan, ...others }: Seconds): Measurement[] {
  return [
    seconds(`${what}: xensan`, xensan),
    ...Object.entries(others).flatMap(([tool, values]) => [
      seconds(`${what}: ${tool}`, values),
      {
        name: `${what}: ${tool} / xensan`,
        value: median(values) / median(xensan),
        unit: "",
        target: { kind: "none" } as const,
        setup,
        detail: {},
      },
    ]),
  ];
}

const seconds = (name: string, values: readonly number[]): Measurement => ({
  name,
  value: median(values),
  unit: "s",
  target: { kind: "none" },
  setup,
  detail: { min: Math.min(...values), max: Math.max(...values), values },
});

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
