import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { K8s, kind } from "kubernetes-fluent-client";
import { beforeAll, expect, inject, it, onTestFinished } from "vitest";
import { AoeServer } from "../../../src/api/index.ts";
import { clientCommands } from "../../../src/cli/client-commands.ts";
import { typeCommand } from "../../command-line.ts";

const namespace = "cli-bundle";
const planted = "vJ7-planted-3kQ";

const bundle = (...args: string[]) =>
  typeCommand(clientCommands, ["bundle", ...args, "-n", namespace], { env: { KUBECONFIG: inject("kubeconfigPath") } });

beforeAll(async () => {
  process.env.KUBECONFIG = inject("kubeconfigPath");
  await K8s(kind.Namespace).Apply({ metadata: { name: namespace } });
  await K8s(kind.Secret).Apply({
    metadata: { name: "rack-ssh", namespace },
    type: "kubernetes.io/ssh-auth",
    stringData: { "ssh-privatekey": planted },
  });
  await K8s(AoeServer).Apply({
    metadata: {
      ...{ name: "san", namespace },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": `{"password":"${planted}"}` },
    },
    spec: {
      ssh: { host: "192.0.2.1", privateKeySecretRef: { name: "rack-ssh" } },
      interfaces: [{ name: "eth1" }],
      allowedBackings: ["/dev/vdb"],
    },
  });
});

it("holds objects and why they wait, for its owner alone, and no byte of a Secret", async () => {
  const parent = await mkdtemp(path.join(tmpdir(), "xensan-bundle-"));
  onTestFinished(() => rm(parent, { recursive: true }));
  const directory = path.join(parent, "report");
  const { code, stdout } = await bundle("-o", directory);
  const names = (await readdir(directory, { recursive: true, withFileTypes: true })).flatMap((entry) =>
    entry.isFile() ? [path.relative(directory, path.join(entry.parentPath, entry.name))] : [],
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${directory}: ${names.length} files\n` });
  expect(names).toEqual(
    expect.arrayContaining(["summary.txt", "topology.html", "objects/aoeserver.yaml", "why/aoeserver-san.txt"]),
  );
  const texts = await Promise.all(names.map((name) => readFile(path.join(directory, name), "utf8")));
  const encoded = Buffer.from(planted).toString("base64");
  expect(texts.filter((text) => text.includes(planted) || text.includes(encoded))).toEqual([]);
  expect(texts.join()).toContain("192.0.2.1");
  const modes = await Promise.all([directory, path.join(directory, "summary.txt")].map((one) => stat(one)));
  expect(modes.map(({ mode }) => (mode & 0o777).toString(8))).toEqual(["700", "600"]);
  expect(await bundle("-o", directory)).toMatchObject({ code: 1 });
});
