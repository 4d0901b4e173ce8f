import { describe, expect, it } from "vitest";
import { drainNews, drainOver } from "../../../../src/cli/drain.ts";
import { readHost, readMigration } from "../../../../src/cli/entity.ts";
import { migrationNews } from "../../../../src/cli/migrate/migrate.ts";
import { type MigrationArguments, migrationRequest } from "../../../../src/cli/migrate/request.ts";
import * as w from "../world.ts";

const request = (given: Partial<MigrationArguments>, rack: w.Rack = {}) =>
  migrationRequest(
    { domain: "vm-test", to: undefined, from: undefined, mode: "Live", timeoutSeconds: 3600, ...given },
    w.rack(rack),
  );
const up = { Reachable: w.fine, Ready: w.fine };
const guest = { uuid: "11111111-2222-3333-4444-555555555555", name: "Mail_1", id: 3 };

describe("the XenMigration that somebody means", () => {
  it("is of the XenDomain, by its name or UUID", () => {
    const expected = {
      domainRef: { name: "vm-test" },
      targetHostRef: { name: "brutus" },
      mode: "Live",
      timeoutSeconds: 3600,
    };
    expect(request({ to: "brutus" })).toEqual({ prefix: "vm-test-to-brutus-", spec: expected, warnings: [] });
    expect(request({ domain: w.uuid, to: "brutus" }).spec).toEqual(expected);
  });

  it("is of a domain that only a host shows, and leaves the target to the operator", () => {
    expect(
      request({ domain: "Mail_1", from: "bella" }, { hosts: [w.host("bella", up, { domains: [guest] })] }),
    ).toEqual({
      prefix: "mail-1-",
      spec: { domain: "Mail_1", sourceHostRef: { name: "bella" }, mode: "Live", timeoutSeconds: 3600 },
      warnings: [],
    });
  });

  it("warns where a host that cannot be seen may have the domain", () => {
    const hosts = [w.host("bella", up), w.host("brutus", { Reachable: w.unknown("Unreachable", "x"), Ready: w.fine })];
    expect(request({ domain: "ghost" }, { hosts }).warnings).toEqual([
      'no host reports a domain "ghost"; brutus cannot be reached and may have the domain',
    ]);
  });

  it.each<[Partial<MigrationArguments>, string]>([
    [{ to: "brtus" }, 'there is no XenHost "brtus" in namespace san, did you mean brutus?'],
    [{ domain: "vm-tset" }, 'there is no domain "vm-tset" in namespace san, did you mean vm-test?'],
    [{ domain: "Domain-0" }, "a dom0 stays with its host"],
    [{ to: "bella", from: "bella" }, "targetHostRef must be a host other than sourceHostRef"],
  ])("is refused for %j", (given, message) => {
    expect(() => request(given, { hosts: [w.host("bella", up), w.host("brutus", up)] })).toThrow(message);
  });
});

describe("the news of a migration", () => {
  it("are its transitions, what it waits for, and its end", () => {
    const history = [
      { time: "2026-01-01T10:00:00Z", reason: "Admitted" },
      { time: "2026-01-01T10:01:00Z", reason: "Migrating", message: "half" },
    ];
    const news = (conditions: Record<string, w.Said>, more: object = {}) =>
      migrationNews(readMigration(w.migration("move", conditions, more)));
    expect(
      news({ Admitted: w.unknown("WaitingForPermit", "1st of 2"), Succeeded: w.unknown("WaitingForPermit", "x") }),
    ).toEqual(["waits, WaitingForPermit: 1st of 2"]);
    expect(news({ Admitted: w.fine, Succeeded: { ...w.fine, reason: "Succeeded" } }, { history })).toEqual([
      "2026-01-01T10:00:00Z  Admitted",
      "2026-01-01T10:01:00Z  Migrating: half",
      "done, Succeeded: Everything is as the spec says",
    ]);
    expect(news({ Succeeded: w.not("MigrationFailed", "xl said no") })).toEqual([
      "failed, MigrationFailed: xl said no",
    ]);
  });
});

describe("the news of a drain", () => {
  const host = (said: w.Said) => readHost(w.host("bella", { Drained: said, Ready: w.fine }));
  it.each<[w.Said, "Drain" | "None", readonly string[], boolean]>([
    [w.not("Draining", "vm-test on the way"), "Drain", ["Draining: vm-test on the way"], false],
    [{ ...w.fine, reason: "Drained" }, "Drain", ["Drained: Everything is as the spec says"], true],
    [{ ...w.fine, reason: "Drained", generation: 0 }, "Drain", [], false],
    [w.not("NotDraining", "maintenance is None"), "None", ["NotDraining: maintenance is None"], true],
    [w.not("Draining", "vm-test on the way"), "None", [], false],
  ])("%j with %s", (said, maintenance, news, over) => {
    expect([drainNews(host(said), maintenance), drainOver(host(said), maintenance)]).toEqual([news, over]);
  });
});
