import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "vitest";
import type { Rack } from "../../../../src/sim/rack.ts";
import { installChart, uninstallChart } from "../../chart-install.ts";
import { serviceAccountKubeconfig } from "../../service-account.ts";
import { toolPath } from "../../tools.ts";
import type { XensanProcess } from "../../xensan-process.ts";
import { breakGround, type Ground } from "../ground.ts";

const execute = promisify(execFile);
const main = fileURLToPath(new URL("../../../../src/cli/main.ts", import.meta.url));
const docs = new URL("../../../../docs/how-to/", import.meta.url);
const release = { name: "xensan", namespace: "xensan" };

/** The sections of docs/how-to whose commands the tests type, by test. */
export const typedBy = {
  "with-operator": {
    "wait-until-ready.md": ["kubectl"],
    "delete.md": ["One object", "What blocks a deletion", "A namespace"],
  },
  "without-operator": {
    "delete.md": ["The operator has no rights in it any more", "There is no operator any more"],
  },
} as const;

/** The commands under each heading of a page, as typed: indented lines that begin with a program's name. */
export async function recipesOf(page: string): Promise<Map<string, readonly string[]>> {
  const text = await readFile(new URL(page, docs), "utf8");
  const sections = text.split(/^#+ (?=.)/m).map((section) => {
    const [heading = "", ...lines] = section.split("\n");
    return [heading, lines.flatMap((line) => /^ {4}((?:kubectl|xensan) .*)$/.exec(line)?.[1] ?? [])] as const;
  });
  return new Map(sections.filter(([, commands]) => commands.length > 0));
}

/** What a deleted namespace must leave on its hosts. */
export const nothing = { domains: [], mounts: [], exports: [] };

/** A terminal on a separate control plane, where the tutorial runs in namespace san. */
export interface Terminal {
  readonly ground: Ground;
  /** Types all commands of a section, in order; resolves to the output of each, rejects when one fails. */
  follow(page: string, heading: string): Promise<readonly string[]>;
  /**
   * Starts the operator as the chart installs it, and the tutorial in namespace san on its own rack, until all is
   * ready.
   */
  begin(
    values?: Record<string, unknown>,
    flags?: readonly string[],
  ): Promise<{ readonly operator: XensanProcess; readonly rack: Rack }>;
  /** Stops the operator and uninstalls its chart. */
  end(operator: XensanProcess): Promise<void>;
}

/** Starts a control plane and puts `kubectl` and `xensan` on the PATH of the typed commands. */
export async function openTerminal(): Promise<Terminal> {
  const ground = await breakGround();
  const { kubeconfig, kubeconfigPath } = ground.controlPlane;
  const programs = path.join(ground.directory, "programs");
  await mkdir(programs);
  await symlink(await toolPath("kubectl"), path.join(programs, "kubectl"));
  const xensan = path.join(programs, "xensan");
  await writeFile(xensan, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  await chmod(xensan, 0o755);
  const env = { ...process.env, PATH: `${programs}:${process.env.PATH}`, KUBECONFIG: kubeconfigPath };

  return {
    ground,
    async follow(page, heading) {
      const commands = (await recipesOf(page)).get(heading);
      if (commands === undefined) throw new Error(`docs/how-to/${page} has no commands under "${heading}"`);
      const printed: string[] = [];
      for (const command of commands) printed.push((await execute("/bin/sh", ["-c", command], { env })).stdout);
      return printed;
    },
    async begin(values = {}, flags = []) {
      await ground.kubectl("create", "namespace", "san");
      await installChart(kubeconfigPath, { ...release, values });
      const account = await serviceAccountKubeconfig(kubeconfig, release);
      const operator = await ground.operator(account, ["--lease-namespace=xensan", ...flags]);
      const { rack } = await ground.tutorial("san");
      await ground.kubectl("-n", "san", "wait", "--for=condition=Ready", "xensan", "--all", "--timeout=180s");
      return { operator, rack };
    },
    async end(operator) {
      operator.kill("SIGTERM");
      expect(await operator.ended).toBe(0);
      await uninstallChart(kubeconfigPath, release);
    },
  };
}
