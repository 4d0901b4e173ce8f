import { describe, expect, it } from "vitest";
import { createLogger } from "../../../src/runtime/log.ts";

const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\n";

function logging() {
  const lines: string[] = [];
  const log = createLogger({
    level: "debug",
    clock: { now: () => Date.UTC(2026, 0, 1) },
    destination: { write: (line: string) => void lines.push(line) },
  });
  return { log, text: () => lines.join(""), last: () => JSON.parse(lines.at(-1) ?? "null") };
}

describe("the log", () => {
  it("is one JSON object per line, with the time of the given clock", () => {
    const { log, last } = logging();
    log.child({ controller: "aoevolume" }).info({ host: "bella" }, "probed");
    expect(last()).toEqual({
      level: "info",
      time: "2026-01-01T00:00:00.000Z",
      controller: "aoevolume",
      host: "bella",
      msg: "probed",
    });
  });

  it.each<[string, object]>([
    ["a private key by its name", { ssh: { privateKey: "b3BlbnNzaC1rZXk" } }],
    [
      "a passphrase, a password and a token",
      { passphrase: "b3BlbnNzaC1rZXk", a: [{ password: "b3BlbnNzaC1rZXk" }], Token: "b3BlbnNzaC1rZXk" },
    ],
    [
      "the data of a Secret",
      { object: { kind: "Secret", data: { anything: "b3BlbnNzaC1rZXk" }, stringData: { x: "b3BlbnNzaC1rZXk" } } },
    ],
    ["a private key in some text", { stdout: `cat id_ed25519\n${key}` }],
    ["a private key in an error", { err: new Error(`cannot parse ${key}`) }],
    ["a private key that was cut off", { stderr: key.slice(0, 60) }],
    ["a bearer token in some text", { request: "Authorization: Bearer b3BlbnNzaC1rZXk" }],
  ])("hides %s", (_what, fields) => {
    const { log, text, last } = logging();
    log.error(fields, "failed");
    expect(text()).toContain("[redacted]");
    expect(text()).not.toContain("b3BlbnNzaC1rZXk");
    expect(last().msg).toBe("failed");
  });

  it("hides a private key in the message itself and in what a child logger always says", () => {
    const { log, text } = logging();
    log.child({ token: "b3BlbnNzaC1rZXk" }).warn(`read ${key}`);
    expect(text()).not.toContain("b3BlbnNzaC1rZXk");
  });

  it("shows what a terminal would obey, in the cause of an error and in names of fields too", () => {
    const { log, text } = logging();
    const said = "\u009b2J\u202e\u007f\u0007";
    log.warn({ err: new Error("lost", { cause: new Error(said) }), [said]: said }, said);
    expect(text()).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
    expect(text()).toContain("lost: \ufffd2J\ufffd\u2421\\u0007");
  });

  it("keeps what is no secret, and the cause of an error", () => {
    const { log, last } = logging();
    log.warn({ err: new Error("no route", { cause: new Error("link down") }), count: 3, name: "bella" }, "unreachable");
    expect(last()).toMatchObject({ count: 3, name: "bella", err: { type: "Error", message: "no route: link down" } });
  });

  it("survives values that no JSON can hold", () => {
    const { log, last } = logging();
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    log.info({ loop, bytes: new Uint8Array(3) }, "odd");
    expect(last()).toMatchObject({ bytes: "[3 bytes]", msg: "odd" });
  });
});
