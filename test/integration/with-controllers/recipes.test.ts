import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Rack } from "../../../src/sim/rack.ts";
import { installChart, uninstallChart } from "../chart-install.ts";
import { eventually } from "../eventually.ts";
import { serviceAccountKubeconfig } from "../service-account.ts";
import { toolPath } from "../tools.ts";
import type { XensanProcess } from "../xensan-process.ts";
import { breakGround, type Ground, onHosts } from "./ground.ts";

const execute = promisify(execFile);
const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const docs = new URL("../../../docs/how-to/", import.meta.url);
const release = { name: "xensan", namespace: "xensan" };
const nothing = { domains: [], mounts: [], exports: [] };

/** The commands under each heading of a page, as they are typed: its indented lines that begin with a program's name. */
async function recipesOf(page: string): Promise<Map<string, readonly string[]>> {
  const text = await readFile(new URL(page, docs), "utf8");
  const sections = text.split(/^#+ (?=.)/m).map((section) => {
    const [heading = "", ...lines] = section.split("\n");
    return [heading, lines.flatMap((line) => /^ {4}((?:kubectl|xensan) .*)$/.exec(line)?.[1] ?? [])] as const;
  });
  return new Map(sections.filter(([, commands]) => commands.length > 0));
}

let ground: Ground;
let waiting: Map<string, readonly string[]>;
let deleting: Map<string, readonly string[]>;
const typed: string[] = [];

beforeAll(async () => {
  [waiting, deleting] = [await recipesOf("wait-until-ready.md"), await recipesOf("delete.md")];
  ground = await breakGround();
  const programs = path.join(ground.directory, "programs");
  await mkdir(programs);
  await symlink(await toolPath("kubectl"), path.join(programs, "kubectl"));
  const xensan = path.join(programs, "xensan");
  await writeFile(xensan, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  await chmod(xensan, 0o755);
});
afterAll(() => ground?.stop());

const kubectl = (...args: string[]) => ground.kubectl(...args);

/** Types one command; resolves to what it printed, rejects when it fails. */
async function type(command: string): Promise<string> {
  typed.push(command);
  const PATH = `${path.join(ground.directory, "programs")}:${process.env.PATH}`;
  const env = { ...process.env, PATH, KUBECONFIG: ground.controlPlane.kubeconfigPath };
  return (await execute("/bin/sh", ["-c", command], { env })).stdout;
}

/** Types all commands of a section, in their order. */
async function follow(page: Map<string, readonly string[]>, heading: string): Promise<readonly string[]> {
  const printed: string[] = [];
  for (const command of page.get(heading) ?? []) printed.push(await type(command));
  return printed;
}

/** The operator as the chart installs it, and the tutorial in namespace san on a rack of its own, all ready. */
async function begin(values = {}, flags: readonly string[] = []) {
  await kubectl("create", "namespace", "san");
  await installChart(ground.controlPlane.kubeconfigPath, { ...release, values });
  const account = await serviceAccountKubeconfig(ground.controlPlane.kubeconfig, release);
  const operator = await ground.operator(account, ["--lease-namespace=xensan", ...flags]);
  const { rack } = await ground.tutorial("san");
  await kubectl("-n", "san", "wait", "--for=condition=Ready", "xensan", "--all", "--timeout=180s");
  return { operator, rack };
}

async function end(operator: XensanProcess): Promise<void> {
  operator.kill("SIGTERM");
  expect(await operator.ended).toBe(0);
  await uninstallChart(ground.controlPlane.kubeconfigPath, release);
}

const runningOn = (rack: Rack, host: string) => rack.xen.domains(host).some(({ name }) => name === "vm-test");

describe("the commands of docs/how-to, typed as written,", { timeout: 600_000 }, () => {
  it("wait for Ready, a migration, a drain and a deletion; delete objects and a namespace, with the operator and without", async () => {
    const { operator, rack } = await begin();
    const waits = await follow(waiting, "kubectl");
    expect(waits.join("")).toMatch(/xenhost\.xensan\.dev\/bella condition met/);
    expect([runningOn(rack, "bella"), runningOn(rack, "brutus")]).toEqual([false, true]);

    await ground.again();
    await kubectl("-n", "san", "wait", "--for=condition=Ready", "aoevolume/scratch", "--timeout=120s");
    await follow(deleting, "One object");
    expect(onHosts(rack)).toEqual(nothing);

    await ground.again();
    await kubectl("-n", "san", "wait", "--for=condition=Ready", "xensan", "--all", "--timeout=180s");
    await kubectl("-n", "san", "delete", "ocfs2cluster", "xen", "--wait=false");
    const reason = 'jsonpath={.status.conditions[?(@.type=="DeletionBlocked")].reason}';
    await kubectl("-n", "san", "wait", `--for=${reason}=FilesystemInUse`, "ocfs2cluster/xen", "--timeout=60s");
    const [table, why] = await follow(deleting, "What blocks a deletion");
    expect(table).toMatch(/^Ocfs2Cluster +xen +.*vm-test[.]img/m);
    expect(why).toMatch(/vm-test[.]img/);
    await follow(deleting, "A namespace");
    expect(onHosts(rack)).toEqual(nothing);

    await kubectl("create", "namespace", "san");
    await ground.again();
    await kubectl("-n", "san", "wait", "--for=condition=Ready", "aoevolume", "--all", "--timeout=120s");
    await end(operator);
    const { exports } = onHosts(rack);
    expect(exports).not.toEqual([]);
    await kubectl("delete", "namespace", "san", "--wait=false");
    await follow(deleting, "There is no operator any more");
    expect(onHosts(rack).exports).toEqual(exports);
  });

  it("give an operator without rights what it needs to end a namespace", async () => {
    const { operator, rack } = await begin({ namespaces: ["san"] }, ["--namespace=san"]);
    expect(onHosts(rack)).toMatchObject({ domains: ["vm-test"] });
    await kubectl("delete", "namespace", "san", "--wait=false");
    await eventually("the rights are gone", async () => (await kubectl("get", "rolebindings", "-n", "san")) === "", 20);
    await operator.until(/cannot (patch|list|watch) resource/, 60);
    await follow(deleting, "The operator has no rights in it any more");
    expect(onHosts(rack)).toEqual(nothing);
    await end(operator);
  });

  it("are all typed here, but those of the sections that docs/how-to/delete.md leaves out", () => {
    const left = ["A host is dead", "One object, as it is"];
    const sections = [...deleting].flatMap(([heading, commands]) => (left.includes(heading) ? [] : commands));
    const written = [...[...waiting.values()].flat(), ...sections];
    expect(written).toHaveLength(22);
    expect(written.filter((command) => !typed.includes(command))).toEqual([]);
  });
});
