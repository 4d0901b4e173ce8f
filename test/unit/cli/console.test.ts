import { PassThrough } from "node:stream";
import { expect, it, onTestFinished } from "vitest";
import { commands } from "../../../src/cli/commands.ts";
import { systemClock } from "../../../src/clock.ts";
import { createRack } from "../../../src/sim/rack.ts";
import { serveRack } from "../../../src/sim/ssh-server.ts";
import { typeCommand } from "../../command-line.ts";
import { changedRack } from "../sim/tutorial.ts";
import { startApiServer } from "./api-server.ts";
import * as w from "./world.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";

/** A rack whose dom0 bella runs the domain web, behind real SSH, and an API server with the objects of both. */
async function ground(change: { readonly hostKey?: string; readonly status?: object } = {}) {
  const file = changedRack(({ hosts }) => {
    for (const host of Object.values(hosts)) host.ssh.port = 0;
  });
  const rack = createRack(file, { clock: systemClock, timings: { boot: 300, process: 1 } });
  const ssh = await serveRack(rack);
  onTestFinished(() => ssh.close());
  rack.xen.createDomain("bella", `name = "web"\nuuid = "${uuid}"\ntype = "pvh"\nmemory = 64\n`);
  const { host = "", port = 0, hostKey = "", user = "" } = ssh.endpoints.get("bella") ?? {};
  const hostKeys = [change.hostKey ?? hostKey];
  const spec = { ssh: { host, port, user, hostKeys, privateKeySecretRef: { name: "rack-ssh" } } };
  const status = change.status ?? { hostRef: { name: "bella" }, domainID: 1 };
  const web = { hostRef: { name: "bella" }, memory: "64Mi", type: "HVM" };
  const server = await startApiServer({
    "xendomains/web": w.raw("web", web, { Ready: w.not("Halted", "It is halted") }, status),
    "xenhosts/bella": w.host("bella", undefined, {}, spec),
    "secrets/rack-ssh": {
      metadata: { name: "rack-ssh", namespace: "san" },
      type: "kubernetes.io/ssh-auth",
      data: { "ssh-privatekey": Buffer.from(ssh.clientKey).toString("base64") },
    },
  });
  return async (keys: string) => {
    const stdin = new PassThrough();
    stdin.end(keys);
    return typeCommand(commands, ["console", "web"], { env: { KUBECONFIG: server.kubeconfig }, stdin });
  };
}

it("shows the console of a domain, and carries there what is typed until Ctrl-]", async () => {
  const type = await ground();
  expect(await type("root\r\x1dnot shown")).toEqual({
    code: 0,
    stdout: "\r\nweb login: root\r\n",
    stderr: "console of web on bella; Ctrl-] closes it\n",
  });
});

it("leaves the console when nothing more can be typed", async () => {
  const type = await ground();
  expect(await type("root")).toMatchObject({ code: 0, stdout: "\r\nweb login: root" });
});

it("says why a domain that does not run has none", async () => {
  const type = await ground({ status: { hostRef: { name: "bella" } } });
  expect(await type("")).toEqual({
    code: 1,
    stdout: "",
    stderr: "xendomain/web does not run (Halted: It is halted)\n",
  });
});

it("shows nothing of a host with another key than the operator trusts", async () => {
  const type = await ground({ hostKey: `ssh-ed25519 ${"A".repeat(67)}=` });
  const { code, stdout } = await type("");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
});
