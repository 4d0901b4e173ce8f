import { K8s, modelToGroupVersionKind } from "kubernetes-fluent-client";
import { describe, expect, expectTypeOf, it } from "vitest";
import * as api from "../../../src/api/index.ts";
import { definitions } from "../../../src/api/kinds.ts";

describe("our kinds in kubernetes-fluent-client", () => {
  it.each(Object.values(definitions))("$kind is registered", ({ kind, plural }) => {
    expect(modelToGroupVersionKind(kind)).toEqual({ group: "xensan.dev", version: "v1alpha1", kind, plural });
  });

  it("gives typed objects", () => {
    const volumes = K8s(api.AoeVolume).InNamespace("san");
    const one = () => volumes.Get("data");
    expectTypeOf(one).returns.resolves.toEqualTypeOf<api.AoeVolume>();
    expectTypeOf<api.AoeVolume["spec"]>().toEqualTypeOf<api.AoeVolumeSpec>();
    expectTypeOf<api.XenMigration["status"]>().toEqualTypeOf<api.XenMigrationStatus | undefined>();
    expectTypeOf(() => volumes.Get()).returns.resolves.toExtend<{ items: api.AoeVolume[] }>();
  });
});
