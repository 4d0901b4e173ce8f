import { describe, expect, it } from "vitest";
import { keeping } from "../../../src/runtime/kept.ts";
import type { KubeObject } from "../../../src/runtime/kube-api.ts";
import { saysTheSame } from "../../../src/runtime/status-patch.ts";

interface Disk extends KubeObject {
  spec: { path: string; clients: { name: string }[] };
  status: { size?: string; conditions: { type: string; status: string; message: string }[] };
}

const owned = { "f:conditions": { 'k:{"type":"Ready"}': { ".": {}, "f:message": {}, "f:status": {}, "f:type": {} } } };

function disk(name: string, message = "The server cannot be reached"): Disk {
  return {
    apiVersion: "xensan.dev/v1alpha1",
    kind: "Disk",
    metadata: {
      name,
      namespace: "san",
      uid: `uid-${name}`,
      annotations: { "xensan.dev/paused": "true", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
      managedFields: [
        { manager: "kubectl", operation: "Apply", fieldsType: "FieldsV1", fieldsV1: { "f:spec": { "f:path": {} } } },
        { manager: "xensan", operation: "Update", fieldsV1: { "f:metadata": { "f:finalizers": {} } } },
        { manager: "other", operation: "Apply", subresource: "status", fieldsV1: { "f:status": { "f:size": {} } } },
        { manager: "xensan", operation: "Apply", subresource: "status", fieldsV1: { "f:status": owned } },
      ],
    },
    spec: { path: `/dev/${name}`, clients: [{ name: "bella" }, { name: "brutus" }] },
    status: { conditions: [{ type: "Ready", status: "False", message }] },
  };
}

const isRead = (name: string) => name === "xensan.dev/paused" || name === "xensan.dev/drain";

describe("what a cache keeps of an object", () => {
  it("is all of it but who owns fields of others, and what kubectl left there for itself", () => {
    const given = disk("a");
    expect(keeping(isRead)(given)).toEqual({
      ...given,
      metadata: {
        ...given.metadata,
        annotations: { "xensan.dev/paused": "true" },
        managedFields: [{ manager: "xensan", operation: "Apply", fieldsV1: { "f:status": owned } }],
      },
    });
    expect(given).toEqual(disk("a"));
  });

  it("is, of labels and annotations, what is read, and no more of it than any of them needs", () => {
    const { metadata, ...rest } = disk("a");
    const [many, long] = [{ "xensan.dev/more": "x", team: "b" }, "y".repeat(100_000)];
    const given = {
      ...rest,
      metadata: { ...metadata, labels: many, annotations: { "xensan.dev/paused": long, ...many } },
    };
    const { metadata: kept } = keeping(isRead)(given);
    expect([kept.labels, kept.annotations]).toEqual([undefined, { "xensan.dev/paused": "y".repeat(4096) }]);
  });

  it("answers as the whole object does whether a status is written already", () => {
    const [whole, kept] = [disk("a"), keeping(isRead)(disk("a"))];
    const asked = [{ conditions: whole.status.conditions }, {}, { conditions: [] }, { ...whole.status, size: "1Gi" }];
    const says = (object: Disk) => asked.map((status) => saysTheSame(object, status, "xensan"));
    expect(says(kept)).toEqual([true, false, false, false]);
    expect(says(whole)).toEqual(says(kept));
  });

  it("is one copy where objects say the same", () => {
    const keep = keeping(isRead);
    const [a, b, c] = [keep(disk("a")), keep(disk("b")), keep(disk("c", "The address is taken"))];
    expect(b.spec.clients).toBe(a.spec.clients);
    expect(b.status.conditions).toBe(a.status.conditions);
    expect(b.metadata.managedFields).toBe(a.metadata.managedFields);
    expect(c).toEqual({ ...keep(disk("c")), status: disk("c", "The address is taken").status });
    expect(b.spec.path).toBe("/dev/b");
  });

  it("has no annotations where there is nothing else in them", () => {
    const { metadata, ...rest } = disk("a");
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}" };
    expect(Object.keys(keeping(isRead)({ ...rest, metadata: { ...metadata, annotations } }).metadata)).toEqual([
      ...["name", "namespace", "uid", "managedFields"],
    ]);
  });
});
