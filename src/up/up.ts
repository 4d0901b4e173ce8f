import { fileURLToPath } from "node:url";
import { KubeConfig } from "@kubernetes/client-node";
import { group } from "../api/common.ts";
import type { Command, Io } from "../cli/command.ts";
import { type Manifest, readManifests } from "../cli/manifests.ts";
import { typed } from "../cli/parse-options.ts";
import { systemClock } from "../clock.ts";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.ts";
import { loadRack, tutorialRack } from "../sim/rack-file.ts";
import { applyManifests } from "./apply.ts";
import { type RunningOperator, startOperator, startRack } from "./cloud.ts";
import { type Display, openDisplay, rowText } from "./display.ts";
import { fitToRack } from "./fit-to-rack.ts";
import { followUntilReady } from "./follow.ts";
import { hasFailed, isReady, type Row, seconds } from "./progress.ts";
import { type UpValues, upOptions, upSchema } from "./up-options.ts";

const root = new URL("../../", import.meta.url);

/** `npm start`: control plane, simulated rack and operator on this machine. */
export const up: Command = {
  name: "start",
  description:
    "Starts a real Kubernetes API server, a simulated rack that is reached over SSH, and the operator, all on this machine's loopback addresses; applies manifests, shows how the objects become ready, and keeps running until Ctrl-C. The first start downloads or builds the API server once. Flags follow two dashes: npm start -- --exit.",
  exitCodes: {
    0: "stopped by Ctrl-C; with --exit, all objects are ready",
    1: "failed; with --exit, --timeout has passed",
    130: "interrupted before all objects were ready",
  },
  options: upOptions,
  async run(values, io) {
    const options = typed(upSchema, upOptions, values);
    // Read the person's files before anything that takes time.
    const rackFile = loadRack(options.rack ?? tutorialRack);
    const paths = options.apply.length > 0 ? options.apply : [fileURLToPath(new URL("examples/tutorial", root))];
    const manifests = (await Promise.all(paths.map(readManifests))).flat();

    const started = systemClock.monotonic();
    const elapsed = () => systemClock.monotonic() - started;
    const stream = options.output === "json" ? io.stderr : io.stdout;
    const live = stream.isTTY === true && io.env.CI === undefined && io.env.TERM !== "dumb";
    const color = live && io.env.NO_COLOR === undefined;
    const display = openDisplay({ stream, live, color, elapsed });
    await using closing = new AsyncDisposableStack();
    closing.defer(() => display.close());

    try {
      const controlPlane = await beginControlPlane(display, io.signal);
      closing.defer(() => controlPlane.stop());
      display.begin("rack", "starting");
      const rack = await startRack(rackFile);
      closing.defer(() => rack.server.close());
      display.end([...rack.server.endpoints].map(([name, { host, port }]) => `${name} ${host}:${port}`).join(", "));
      for (const { host, from, to } of rack.moved) {
        display.note(
          `port ${from} is in use on this machine: ${host} listens on ${to}, and the manifests are changed to use it`,
        );
      }
      display.begin("operator", "starting");
      const operator = await startOperator(controlPlane);
      closing.defer(() => operator.stop());
      display.end(`metrics on http://127.0.0.1:${operator.healthPort}/metrics`);

      const kubeConfig = new KubeConfig();
      kubeConfig.loadFromString(controlPlane.kubeconfig);
      display.begin("manifests", "applying");
      const fitted = fitToRack(manifests, rack);
      const retries = { say: (line: string) => display.update(line), signal: io.signal };
      const applied = await applyManifests(
        kubeConfig,
        fitted.filter((manifest) => !isMove(manifest)),
        retries,
      );
      display.end(paths.map((path) => relative(path)).join(", "));
      const appliedAt = elapsed();
      const standing = applied.filter(({ apiVersion }) => apiVersion.startsWith(`${group}/`));
      const convergence = {
        kubeConfig,
        operator,
        elapsed: () => elapsed() - appliedAt,
        limit: AbortSignal.timeout(options.timeout * 1000),
        seconds: options.timeout,
        io,
      };
      let rows = await converge(display, "convergence", { ...convergence, followed: standing });
      const moves = fitted.filter(isMove);
      if (moves.length > 0 && rows.every(isReady)) {
        // A migration is one attempt: create it when there is a domain to move.
        const moving = await applyManifests(kubeConfig, moves, retries);
        rows = await converge(display, "migration", { ...convergence, followed: [...standing, ...moving] });
      }
      display.close();
      const code = rows.every(isReady) ? 0 : 1;
      const outcome = { options, io, controlPlane, operator, rows, elapsed: elapsed() };
      if (options.output === "json") printJson(outcome);
      else printText(outcome);
      if (options.exit || io.signal.aborted) return io.signal.aborted ? 130 : code;
      await Promise.race([operator.ended, aborted(io.signal)]);
      if (options.output === "text") io.stdout.write("\nStopping.\n");
      return 0;
    } catch (error) {
      if (!io.signal.aborted) display.fail(error instanceof Error ? error.message : String(error));
      throw error;
    }
  },
};

async function beginControlPlane(display: Display, signal: AbortSignal): Promise<ControlPlane> {
  display.begin("control plane", "starting");
  const controlPlane = await startControlPlane({
    signal,
    onProgress: ({ text, step, steps }) =>
      display.update(step === undefined ? text : `${text} (step ${step} of ${steps})`),
  });
  display.update("installing the definitions");
  await controlPlane.installCrds([fileURLToPath(new URL("crds", root))]);
  display.end(`etcd and kube-apiserver on ${controlPlane.url}`);
  return controlPlane;
}

const isMove = ({ kind }: Manifest) => kind === "XenMigration";

interface Convergence {
  readonly kubeConfig: KubeConfig;
  readonly followed: readonly Manifest[];
  readonly operator: RunningOperator;
  /** Milliseconds since everything was applied. */
  readonly elapsed: () => number;
  /** The time limit, in seconds and as a signal. */
  readonly seconds: number;
  readonly limit: AbortSignal;
  readonly io: Io;
}

async function converge(display: Display, stage: string, options: Convergence): Promise<readonly Row[]> {
  const { followed, operator, elapsed, limit, io } = options;
  const count = (rows: readonly Row[]) => `${rows.filter(isReady).length} of ${rows.length} ready`;
  display.begin(stage, `0 of ${followed.length} ready`);
  const following = followUntilReady({
    kubeConfig: options.kubeConfig,
    manifests: followed,
    elapsed,
    signal: AbortSignal.any([limit, io.signal]),
    say: (line) => display.update(line),
    onRows: (rows) => {
      display.rows(rows);
      if (!rows.every(isReady)) display.update(count(rows));
    },
  });
  const rows = await Promise.race([following, operator.ended.then(() => following)]);
  if (rows.every(isReady)) display.end(`all ${rows.length} ready`);
  else if (rows.some(hasFailed)) display.fail(`${count(rows)}, and a migration failed`);
  else display.fail(io.signal.aborted ? "stopped" : `${count(rows)} within the time limit of ${options.seconds} s`);
  return rows;
}

interface Bringup {
  readonly options: UpValues;
  readonly io: Io;
  readonly controlPlane: ControlPlane;
  readonly operator: RunningOperator;
  readonly rows: readonly Row[];
  readonly elapsed: number;
}

function printText({ options, io, controlPlane, operator, rows, elapsed }: Bringup): void {
  const waiting = rows.filter((row) => !isReady(row));
  const lines =
    waiting.length === 0
      ? [`All objects are ready after ${seconds(elapsed)}.`]
      : [
          `Not ready after ${seconds(elapsed)}:`,
          ...waiting.map((row) => `  ${row.kind} ${row.namespace}/${row.name} ${rowText(row)}`),
        ];
  const use = [
    "",
    "Use it from another terminal:",
    "",
    `  export KUBECONFIG=${controlPlane.kubeconfigPath}`,
    "  kubectl get xensan -A",
    "  kubectl get aoevolumes -A -o wide",
    "  kubectl describe aoevolumes -A",
    "",
    `Log of the operator: tail -f ${operator.logFile}`,
    "Ctrl-C stops everything and deletes its data.",
  ];
  io.stdout.write(`\n${[...lines, ...(options.exit || io.signal.aborted ? [] : use)].join("\n")}\n`);
}

function printJson({ io, controlPlane, operator, rows, elapsed }: Bringup): void {
  const document = {
    ready: rows.every(isReady),
    seconds: Math.round(elapsed) / 1000,
    kubeconfig: controlPlane.kubeconfigPath,
    server: controlPlane.url,
    log: operator.logFile,
    metrics: `http://127.0.0.1:${operator.healthPort}/metrics`,
    objects: rows.map(({ readyAt, ...row }) => ({
      ...row,
      ...(readyAt === undefined ? {} : { readySeconds: Math.round(readyAt) / 1000 }),
    })),
  };
  io.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}

function relative(path: string): string {
  const base = `${process.cwd()}/`;
  return path.startsWith(base) ? path.slice(base.length) : path;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
