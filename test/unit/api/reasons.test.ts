import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { definitions } from "../../../src/api/kinds.ts";
import { isElsewhere } from "../../../src/api/reasons/elsewhere.ts";
import { patienceSeconds } from "../../../src/api/reasons/patience.ts";
import { isStalling } from "../../../src/api/reasons/stalling.ts";
import { type ReasonEntry, reasons } from "../../../src/api/reasons.ts";
import { refusals } from "../../../src/host/refusals.ts";
import type { HostErrorCode } from "../../../src/ssh/host-session.ts";

const entries: [string, ReasonEntry][] = Object.entries(reasons);
const everyType = new Set(Object.values(definitions).flatMap((definition) => definition.conditionTypes));
const onDemand = ["every type", "events", "Paused", "DeletionBlocked", "FactsUnreadable"];

describe("the catalogue of reasons", () => {
  it("is in PascalCase, and tells the meaning and what to do in sentences", () => {
    const odd = entries.filter(
      ([name, { meaning, action }]) =>
        !/^[A-Z][A-Za-z0-9]+$/.test(name) || !/^\S.*\.$/.test(meaning) || !/^\S.*\.$/.test(action),
    );
    expect(odd).toEqual([]);
  });

  it("has each reason once", async () => {
    const folder = fileURLToPath(new URL("../../../src/api/reasons", import.meta.url));
    const parts: unknown[] = await Promise.all(
      globSync("*.ts", { cwd: folder }).map((file) => import(path.join(folder, file))),
    );
    const isEntry = (value: unknown) => typeof value === "object" && value !== null && "meaning" in value;
    const names = parts
      .flatMap((part) => Object.values(part ?? {}))
      .flatMap((part: unknown) => Object.entries(part ?? {}))
      .flatMap(([name, value]: [string, unknown]) => (isEntry(value) ? [name] : []));
    expect(names.toSorted()).toEqual(Object.keys(reasons).toSorted());
  });

  it("knows only condition types that some kind has", () => {
    const unknown = entries.flatMap(([name, { conditions }]) =>
      conditions.filter((type) => !everyType.has(type) && !onDemand.includes(type)).map((type) => `${name}: ${type}`),
    );
    expect(unknown).toEqual([]);
  });

  it("calls no reason stalling that resolves itself, is expected for a while, or is another object's", () => {
    const resolvesItself = ([name, { action }]: [string, ReasonEntry]) =>
      action.startsWith("Nothing") || name in patienceSeconds || isElsewhere(name);
    expect(entries.filter(([name]) => isStalling(name)).filter(resolvesItself)).toEqual([]);
    expect(isStalling("NotInTheCatalogue")).toBe(false);
  });

  it("calls every spec stalling that asks for more than the owner of a host or file system allows", () => {
    // The configuration was changed on the host: the spec itself is within bounds.
    const passing = ["ImageOutsideBounds"];
    const outside = Object.keys(reasons).filter((name) =>
      /OutsideBounds$|^SourceNotTemplate$|^SourceInUse$/.test(name),
    );
    expect(outside.filter((name) => !isStalling(name))).toEqual(passing);
  });

  it("has no reason that neither the operator nor a script can give", () => {
    const root = fileURLToPath(new URL("../../../src", import.meta.url));
    const elsewhere = ["sim", "controlplane", "up", path.join("api", "reasons")];
    const words = new Set(
      globSync("**/*.{ts,sh}", { cwd: root })
        .filter((file) => !elsewhere.some((folder) => file.startsWith(folder)))
        .flatMap((file) => {
          const word = file.endsWith(".sh") ? /\w+/g : /(?<=")\w+(?=")|(?<=^\s*)\w+(?=:)/gm;
          return readFileSync(path.join(root, file), "utf8").match(word) ?? [];
        }),
    );
    expect(Object.keys(reasons).filter((name) => !words.has(name))).toEqual([]);
  });

  it("has every reason for which a script on a host refuses", () => {
    expect(Object.keys(refusals).filter((reason) => !(reason in reasons))).toEqual([]);
  });

  it("has every way in which a command can end without an exit status", () => {
    // The compiler requires every code here; the test requires each in the catalogue.
    const codes: Record<HostErrorCode, true> = {
      Unreachable: true,
      AuthenticationFailed: true,
      CredentialInvalid: true,
      HostKeyMismatch: true,
      HostKeyUnknown: true,
      AddressNotAllowed: true,
      BecomeFailed: true,
      TimedOut: true,
      Aborted: true,
      ConnectionLost: true,
      OutputLimitExceeded: true,
      Killed: true,
      Unintelligible: true,
      InvalidRequest: true,
    };
    expect(Object.keys(codes).filter((code) => !(code in reasons))).toEqual([]);
  });
});
