import { describe, expect, it } from "vitest";
import { missingFromServer } from "../../../src/api/served-schema.ts";
import { publishedSchema, withField } from "../published-schema.ts";

const gone = () => undefined;

describe("the definitions on the server", () => {
  it("lack nothing when they are of this release", () => {
    expect(missingFromServer(publishedSchema())).toEqual([]);
  });

  it("lack nothing when a newer release added to them", () => {
    const more = withField("spec.shelf", (field) => ({ ...field, maximum: 65535 }));
    const field = { type: "string" } as const;
    expect(
      missingFromServer(
        publishedSchema({
          AoeVolume: (schema) => ({ ...more(schema), properties: { ...more(schema).properties, extra: field } }),
          XenHost: withField("status", (status) => ({
            ...status,
            properties: { ...status.properties, extra: field },
          })),
        }),
      ),
    ).toEqual([]);
  });

  it.each([
    ["a field of the spec", withField("spec.slot", gone), ["AoeVolume spec.slot"]],
    ["a field in a list", withField("status.clients[].state", gone), ["AoeVolume status.clients[].state"]],
    ["a field of another type", withField("status.target", () => ({ type: "integer" })), ["AoeVolume status.target"]],
    ["the whole status", withField("status", gone), ["AoeVolume status"]],
    [
      "a value that the operator writes",
      withField("status.conditions[].status", (field) => ({ ...field, enum: ["True", "False"] })),
      ['AoeVolume status.conditions[].status "Unknown"'],
    ],
    [
      "room for what the operator writes",
      withField("status.conditions", (field) => ({ ...field, maxItems: 4 })),
      ["AoeVolume status.conditions beyond maxItems 4"],
    ],
    [
      "nothing but a field that the operator may leave out",
      withField("status", (field) => ({ ...field, required: ["server"] })),
      ["AoeVolume status without server"],
    ],
    ["the kind", gone, ["the kind AoeVolume"]],
  ])("lack %s", (_, AoeVolume, expected) => {
    expect(missingFromServer(publishedSchema({ AoeVolume }))).toEqual(expected);
  });

  it("may be looser in what users write", () => {
    const AoeVolume = withField("spec.backing", (field) => ({ ...field, required: [] }));
    expect(missingFromServer(publishedSchema({ AoeVolume }))).toEqual([]);
  });

  it("lack every kind when the server serves none, or answers with something else", () => {
    const all = ["AoeServer", "AoeVolume", "XenHost", "Ocfs2Cluster", "XenDomain", "XenMigration"];
    const every = all.map((kind) => `the kind ${kind}`);
    expect(missingFromServer(undefined)).toEqual(every);
    expect(missingFromServer({ components: { schemas: { a: 1, b: null } } })).toEqual(every);
  });
});
