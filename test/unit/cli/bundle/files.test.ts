import { describe, expect, it } from "vitest";
import { filesOf } from "../../../../src/cli/bundle/files.ts";
import { redact } from "../../../../src/cli/bundle/redact.ts";
import * as w from "../world.ts";

const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n-----END OPENSSH PRIVATE KEY-----";
const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";

describe("the files of a bundle", () => {
  const bella = w.host("bella", { Ready: w.not("Unreachable", "no route to 192.0.2.2") });
  const files = filesOf({
    ...{ version: "1.2.3", time: "2026-01-01T00:00:00.000Z" },
    ...{ scope: "san", worlds: [w.rack({ hosts: [bella, w.host("brutus")] })] },
    objects: {
      AoeServer: [w.server()],
      AoeVolume: [w.volume()],
      XenHost: [
        {
          ...{ kind: "XenHost", spec: { any: "thing" } },
          metadata: {
            name: "bella",
            managedFields: [{ manager: "kubectl" }],
            annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", team: "storage" },
          },
        },
      ],
      Ocfs2Cluster: [w.cluster()],
      XenDomain: [w.domain()],
      XenMigration: [],
    },
    events: [{ kind: "Event", metadata: { name: "one" }, note: `somebody pasted ${key}` }],
    checks: [{ name: "cluster", state: "Failed", message: "is old", advice: "upgrade it" }],
    logs: new Map([["xensan-xensan", ["first", `authorization: Bearer ${token}`]]]),
    gaps: ["events: 403"],
  });

  it("are the objects, events, checks, the log, the rack, and why what is not ready is not", () => {
    expect([...files.keys()]).toEqual([
      ...["summary.txt", "topology.txt", "topology.html", "checks.txt", "events.yaml"],
      ...["aoeserver", "aoevolume", "xenhost", "ocfs2cluster", "xendomain"].map((kind) => `objects/${kind}.yaml`),
      ...["why/xenhost-bella.txt", "logs/xensan-xensan.log"],
    ]);
    expect(files.get("objects/xenhost.yaml")).toBe(
      "---\nkind: XenHost\nmetadata:\n  name: bella\n  annotations:\n    team: storage\nspec:\n  any: thing\n",
    );
    expect(files.get("checks.txt")).toBe("✘ cluster  is old\n    upgrade it\n");
    expect(files.get("why/xenhost-bella.txt")).toContain("no route to 192.0.2.2");
    expect(files.get("summary.txt")).toBe(
      "xensan 1.2.3, namespace san, 2026-01-01T00:00:00.000Z\n5 of 6 objects are ready\nThe bundle contains no Secrets, but it contains names and addresses of your machines: review it before you share it.\nmissing: events: 403\n",
    );
  });

  it("hold no credential that somebody wrote into them", () => {
    const all = [...files.values()].join();
    expect([key, "b3BlbnNzaC1rZXktdjE", token].filter((secret) => all.includes(secret))).toEqual([]);
    expect(files.get("logs/xensan-xensan.log")).toBe("first\nauthorization: [removed] [removed]\n");
  });

  it.each([
    ["https://user:secret@host.example/x", "https://[removed]@host.example/x"],
    ['{"password":"a b","next":1}', '{"password":"[removed] b","next":1}'],
    ["passphrase=abc, then", "passphrase=[removed], then"],
    [`${key.replaceAll("\n", "\\n")} and more`, "[removed] and more"],
    ["password authentication is not offered", "password authentication is not offered"],
    ["privateKeySecretRef:\n  name: rack-ssh", "privateKeySecretRef:\n  name: rack-ssh"],
  ])("redact %j", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });
});
