import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ApiServer, startApiServer } from "./api-server.ts";
import * as w from "./world.ts";

/** A SAN with the same name in two namespaces, and a volume in each; that of `lab` is unreachable. */
const startTwo = (): Promise<ApiServer> => {
  const lab = (object: w.Raw): w.Raw => ({ ...object, metadata: { ...object.metadata, namespace: "lab" } });
  const down = w.not("Unreachable", "no route");
  return startApiServer({
    "aoeservers/san": w.server({ Reachable: w.fine, Ready: w.fine }),
    "aoevolumes/data": { ...w.volume(), spec: withoutClients },
    "aoeservers/lab-san": lab(w.server({ Reachable: down, Ready: down })),
    "aoevolumes/lab-data": lab({ ...w.volume({ Ready: w.not("ServerNotReady", "san") }), spec: withoutClients }),
  });
};
const withoutClients = { serverRef: { name: "san" }, shelf: 0, slot: 1, backing: { device: "/dev/vdb" } };

describe("--all-namespaces", () => {
  it("topology shows the racks of all namespaces, each name with its namespace", async () => {
    const server = await startTwo();
    expect(await server.xensan("topology", "-A")).toEqual({
      ...{ code: 0, stderr: "" },
      stdout: `✘ AoeServer lab/san  192.0.2.1  Unreachable
└─ ✘ AoeVolume lab/data  e0.1, 1 GiB  ServerNotReady
✔ AoeServer san/san  192.0.2.1
└─ ✔ AoeVolume san/data  e0.1, 1 GiB

2 of 4 ready
`,
    });
    expect((await server.xensan("topology")).stdout).toBe(`✔ AoeServer san  192.0.2.1
└─ ✔ AoeVolume data  e0.1, 1 GiB

2 of 2 ready
`);
    const drawn = await server.xensan("topology", "-A", "-o", "mermaid");
    expect(drawn.stdout.match(/n\d --> n\d/g)).toEqual(["n1 --> n2", "n3 --> n4"]);
    const { namespace, places } = JSON.parse((await server.xensan("topology", "-A", "-o", "json")).stdout);
    expect({ namespace, places }).toMatchObject({
      namespace: undefined,
      places: [
        { namespace: "lab", name: "san", children: [{ namespace: "lab", name: "data" }] },
        { namespace: "san", name: "san", children: [{ namespace: "san", name: "data" }] },
      ],
    });
    expect((await server.xensan("topology", "-A", "-o", "html")).stdout).toContain("<title>All namespaces</title>");
  });

  it("why explains everything that is not ready, and each cause once", async () => {
    const server = await startTwo();
    const { code, stdout } = await server.xensan("why", "--all-namespaces");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `✘ AoeVolume lab/data: ServerNotReady
│   san
└─ ✘ AoeServer lab/san (spec.serverRef): Unreachable
   │   no route
   └─ ✘ Secret lab/rack-ssh (spec.ssh.privateKeySecretRef): NotFound
          Secret rack-ssh does not exist

Cause:
  * Secret rack-ssh does not exist
    What to do: Create a Secret of type kubernetes.io/ssh-auth in namespace lab.
`,
    });
    expect(await server.xensan("why")).toEqual({
      ...{ code: 0, stdout: "All objects are ready in namespace san.\n", stderr: "" },
    });
  });

  it("bundle keeps what waits apart by namespace", async () => {
    const server = await startTwo();
    const parent = await mkdtemp(path.join(tmpdir(), "xensan-bundle-"));
    onTestFinished(() => rm(parent, { recursive: true }));
    const at = path.join(parent, "all");
    expect(await server.xensan("bundle", "-A", "-o", at)).toMatchObject({ code: 0 });
    expect(await readdir(path.join(at, "why"), { recursive: true })).toEqual([
      ...["lab", "lab/aoeserver-san.txt", "lab/aoevolume-data.txt"],
    ]);
    expect(await readFile(path.join(at, "summary.txt"), "utf8")).toMatch(/^xensan \S+, all namespaces, /);
  });

  it.each([
    [["topology", "-A", "-n", "san"], "--all-namespaces cannot be combined with --namespace: use one of them"],
    [["why", "aoeserver/san", "-A"], "--all-namespaces cannot be combined with KIND/NAME: use one of them"],
    [["pause", "-A", "aoeserver/san"], "-A cannot be combined with KIND/NAME, which is in one namespace: use -n NAME"],
    [
      ["drain", "bella", "--all-namespaces"],
      "--all-namespaces cannot be combined with HOST, which is in one namespace: use -n NAME",
    ],
  ])("%j is refused: %s", async (args, message) => {
    const server = await startApiServer({});
    const { code, stderr } = await server.xensan(...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
    expect(server.requests).toEqual([]);
  });
});
