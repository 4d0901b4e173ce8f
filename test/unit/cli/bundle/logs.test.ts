import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { clientCommands } from "../../../../src/cli/client-commands.ts";
import { typeCommand } from "../../../command-line.ts";
import { plainKubeconfig } from "../../kubeconfig.ts";

const labels = "?labelSelector=app.kubernetes.io%2Fname%3Dxensan";
const answers: Readonly<Record<string, unknown>> = {
  [`/apis/apps/v1/deployments${labels}`]: {
    items: [
      {
        metadata: { name: "xensan", namespace: "system" },
        spec: { selector: { matchLabels: { "app.kubernetes.io/name": "xensan" } } },
      },
    ],
  },
  [`/api/v1/namespaces/system/pods${labels}`]: {
    items: ["a", "b"].map((name) => ({ metadata: { name, namespace: "system" } })),
  },
  "/api/v1/namespaces/system/pods/a/log": "one\ntwo\n",
  "/api/v1/namespaces/system/pods/b/log": "three\n",
};

it("a bundle has the log of every Pod of an operator, whatever its namespace", async () => {
  const server = http.createServer(({ url = "" }, response) => {
    const answer = answers[url] ?? { metadata: {}, items: [] };
    const text = typeof answer === "string";
    response.writeHead(200, { "content-type": text ? "text/plain" : "application/json" });
    response.end(text ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const directory = await mkdtemp(path.join(tmpdir(), "xensan-logs-"));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const [kubeconfig, output] = [path.join(directory, "kubeconfig"), path.join(directory, "bundle")];
  await writeFile(kubeconfig, plainKubeconfig(port));
  const { code } = await typeCommand(clientCommands, ["bundle", "-o", output, "--kubeconfig", kubeconfig]);
  const log = await readFile(path.join(output, "logs", "system-xensan.log"), "utf8");
  expect({ code, log }).toEqual({ code: 0, log: "[pod/a] one\n[pod/a] two\n[pod/b] three\n" });
});
