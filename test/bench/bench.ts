import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { converge } from "./converge.ts";
import { drain } from "./drain.ts";
import { growth } from "./growth.ts";
import { hostile } from "./hostile.ts";
import { type Measurement, meets, table } from "./measurement.ts";
import { migrate } from "./migrate.ts";
import { peers } from "./peers/peers.ts";
import { restart } from "./restart.ts";
import { steadyState } from "./steady-state.ts";

const usage = `usage: npm run bench -- [options]

  --only NAME      steady, converge, migrate, drain, restart, hostile, peers or growth; may be given more than once.
                   Two are measured only when they are named: peers takes ten minutes and a container engine, growth half
                   an hour, root, and Go 1.26 for its peer
  --small          a tenth of every size, half a minute of quiet: a look, not a measurement
  --json           JSON on standard output, the table on standard error
  --out FILE       JSON to a file, too
  --strict         exit code 1 when a target is missed
`;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    small: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    out: { type: "string" },
    strict: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const small = values.small;
const tenHosts = { segments: 1, servers: 5, dom0s: 5, clientsPerVolume: 2 };
const cases: Record<string, readonly (() => Promise<readonly Measurement[]>)[]> = {
  steady: [100, 1000].map(
    (volumes) => () => steadyState({ ...tenHosts, volumes: small ? volumes / 10 : volumes }, small ? 30 : 60),
  ),
  converge: [1, 4].flatMap((volumes) =>
    [0, 20, 80].map((latencyMs) => async () => [await converge(latencyMs, volumes)]),
  ),
  migrate: [0, 20].map((latencyMs) => async () => [await migrate(latencyMs)]),
  drain: [async () => [await drain(small ? 2 : 6)]],
  restart: [
    () =>
      restart(
        small
          ? { segments: 1, servers: 5, dom0s: 5, volumes: 500, clientsPerVolume: 2 }
          : { segments: 10, servers: 50, dom0s: 50, volumes: 5000, clientsPerVolume: 2 },
      ),
  ],
  hostile: [() => hostile(small ? 10 : 30)],
  peers: [() => peers()],
  growth: [() => growth(small ? [500] : [5000, 20_000, 50_000])],
};

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const always = Object.keys(cases).filter((name) => !["peers", "growth"].includes(name));
  const names = values.only.length === 0 ? always : values.only;
  const unknown = names.filter((name) => cases[name] === undefined);
  if (unknown.length > 0) {
    process.stderr.write(`no measurement is called ${unknown.join(", ")}\n${usage}`);
    return 2;
  }
  const started = new Date();
  const measurements: Measurement[] = [];
  for (const name of names) {
    for (const [index, run] of (cases[name] ?? []).entries()) {
      process.stderr.write(`measuring ${name} ${index + 1}/${cases[name]?.length} …\n`);
      measurements.push(...(await run()));
    }
  }
  const json = JSON.stringify(
    {
      started: started.toISOString(),
      seconds: Math.round((Date.now() - started.getTime()) / 1000),
      node: process.version,
      cpus: cpus().map(({ model }) => model),
      small,
      measurements: measurements.map((one) => ({ ...one, met: meets(one) })),
    },
    undefined,
    2,
  );
  if (values.out !== undefined) writeFileSync(values.out, `${json}\n`);
  if (values.json) process.stdout.write(`${json}\n`);
  (values.json ? process.stderr : process.stdout).write(`${table(measurements)}\n`);
  return values.strict && !measurements.every(meets) ? 1 : 0;
}

process.exitCode = await main();
