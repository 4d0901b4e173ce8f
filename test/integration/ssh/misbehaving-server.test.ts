import { afterEach, describe, expect, it } from "vitest";
import type { HostDialer } from "../../../src/ssh/host-session.ts";
import { outputMarks } from "../../../src/ssh/wire.ts";
import { generateKeyPair } from "../../generate-key.ts";
import { encryptedKey, publicKeys } from "../../unit/ssh/keys.ts";
import { eventually } from "../eventually.ts";
import { type Behaviour, type Command, startMisbehavingServer } from "./misbehaving-server.ts";
import { failureOf, openDialer, script, targetOn } from "./targets.ts";

const user = generateKeyPair();
const dialers: HostDialer[] = [];
function open(options: Parameters<typeof openDialer>[0] = {}) {
  const opened = openDialer(options);
  dialers.push(opened.dialer);
  return opened;
}
/** The host key without its comment. */
const presented = ({ hostKey }: { hostKey: string }) => hostKey.split(" ").slice(0, 2).join(" ");
afterEach(async () => {
  await Promise.all(dialers.splice(0).map((dialer) => dialer.close()));
});

describe("a host whose key is not the pinned one", () => {
  it("is refused before anybody logs in, and no command is sent", async () => {
    await using server = await startMisbehavingServer();
    const target = targetOn(server, user, { hostKeys: [generateKeyPair().publicKey] });
    expect(await failureOf(open().dialer.session(target).run(script("true")))).toEqual({
      code: "HostKeyMismatch",
      started: false,
      message: expect.stringContaining(`127.0.0.1:${server.port} presented SHA256:`),
    });
    expect(server.seen).toEqual({ connections: 1, authentications: 0, commands: [] });
  });

  it("is refused when no key is pinned at all, with the key to compare", async () => {
    await using server = await startMisbehavingServer();
    const run = open()
      .dialer.session(targetOn(server, user, { hostKeys: [] }))
      .run(script("true"));
    expect(await failureOf(run)).toEqual({
      code: "HostKeyUnknown",
      started: false,
      message: expect.stringContaining(presented(server)),
    });
    expect(server.seen.authentications).toBe(0);
  });

  it("is refused when it offers no key of the pinned type", async () => {
    await using server = await startMisbehavingServer();
    const run = open()
      .dialer.session(targetOn(server, user, { hostKeys: [publicKeys.rsa] }))
      .run(script("true"));
    expect(await failureOf(run)).toMatchObject({ code: "HostKeyMismatch", started: false });
    expect(server.seen.authentications).toBe(0);
  });
});

describe("a host that is trusted on first use", () => {
  it("has its key reported, and may not change it afterwards", async () => {
    await using server = await startMisbehavingServer();
    await using impostor = await startMisbehavingServer();
    const { dialer } = open();
    const reported: string[] = [];
    const onHostKey = (key: string) => reported.push(key);
    const target = targetOn(server, user, { hostKeys: [], hostKeyPolicy: "TrustOnFirstUse", onHostKey });
    await dialer.session(target).run(script("true"));
    await dialer.session(target).run(script("true"));
    expect(reported).toEqual([presented(server), presented(server)]);
    const recorded = { ...target, port: impostor.port, hostKeys: reported.slice(0, 1) };
    expect(await failureOf(dialer.session(recorded).run(script("true")))).toMatchObject({ code: "HostKeyMismatch" });
    expect(impostor.seen.authentications).toBe(0);
  });
});

describe("a credential", () => {
  it("that is encrypted and has no passphrase costs no connection", async () => {
    await using server = await startMisbehavingServer();
    const target = targetOn(server, user, { credential: { privateKey: encryptedKey, version: "1" } });
    expect(await failureOf(open().dialer.session(target).run(script("true")))).toEqual({
      code: "CredentialInvalid",
      started: false,
      message: `the private key for 127.0.0.1:${server.port} cannot be used: it is encrypted and the Secret has no ssh-passphrase`,
    });
    expect(server.seen.connections).toBe(0);
  });

  it("with a passphrase logs in", async () => {
    await using server = await startMisbehavingServer();
    const target = targetOn(server, user, {
      credential: { privateKey: encryptedKey, passphrase: "open sesame", version: "1" },
    });
    expect(await open().dialer.session(target).run(script("true"))).toMatchObject({ exitCode: 0 });
  });

  it("that the host does not know is tried once", async () => {
    await using server = await startMisbehavingServer({ accepts: () => false });
    expect(await failureOf(open().dialer.session(targetOn(server, user)).run(script("true")))).toEqual({
      code: "AuthenticationFailed",
      started: false,
      message: `127.0.0.1:${server.port} refused the key for user root: it is not in authorized_keys, or sshd_config (PermitRootLogin, AllowUsers) or a locked account keeps the user out`,
    });
    expect(server.seen.authentications).toBe(1);
  });

  it.each<[string, Behaviour["login"], string]>([
    [
      "is not enough",
      (context, signed) => (signed ? context.reject(["keyboard-interactive"], true) : context.accept()),
      "accepted the key for user root and asks for a second factor (keyboard-interactive)",
    ],
    [
      "is known and the account locked",
      (context, signed) => (signed ? context.reject(["publickey"]) : context.accept()),
      "knows the key for user root but rejects the account",
    ],
    [
      "is of no use where only passwords are taken",
      (context) => context.reject(["password"]),
      "accepts no public keys for user root, only password",
    ],
  ])("that %s is told from a wrong one", async (_what, login, message) => {
    await using server = await startMisbehavingServer({ ...(login === undefined ? {} : { login }) });
    expect(await failureOf(open().dialer.session(targetOn(server, user)).run(script("true")))).toMatchObject({
      code: "AuthenticationFailed",
      message: expect.stringContaining(message),
    });
  });

  it("that the host refuses is tried less than five times in ten minutes, as fail2ban counts", async () => {
    await using server = await startMisbehavingServer({ accepts: () => false });
    const backoff = { baseMilliseconds: 1, maxMilliseconds: 1 };
    const { dialer } = open({
      limits: { backoff, turnedAwayBackoff: { baseMilliseconds: 600_000, maxMilliseconds: 600_000 } },
    });
    const errors: string[] = [];
    while (!/the next one in \d{3} s/.test(errors.at(-1) ?? "")) {
      errors.push((await failureOf(dialer.session(targetOn(server, user)).run(script("true")))).message);
      if (errors.length > 400) throw new Error(errors.join("\n"));
    }
    expect(server.seen.authentications).toBe(3);
  });

  it("that was rotated is used for the next command, without a restart", async () => {
    const rotated = generateKeyPair();
    const accepted = { key: user.publicKey };
    await using server = await startMisbehavingServer({ accepts: (key) => accepted.key.startsWith(key) });
    const { dialer } = open();
    await dialer.session(targetOn(server, user)).run(script("true"));
    accepted.key = rotated.publicKey;
    const target = targetOn(server, rotated, { credential: { privateKey: rotated.privateKey, version: "2" } });
    expect(await dialer.session(target).run(script("true"))).toMatchObject({ exitCode: 0 });
    expect(server.seen.connections).toBe(2);
  });

  it("of one tenant never rides on the connection of another", async () => {
    await using server = await startMisbehavingServer({ accepts: (key) => user.publicKey.startsWith(key) });
    const { dialer } = open();
    await dialer.session(targetOn(server, user)).run(script("true"));
    const stranger = targetOn(server, generateKeyPair());
    expect(await failureOf(dialer.session(stranger).run(script("true")))).toMatchObject({
      code: "AuthenticationFailed",
    });
    expect(server.seen.commands).toEqual(["test"]);
  });
});

describe("an address that the operator does not allow", () => {
  it("is never connected to", async () => {
    await using server = await startMisbehavingServer();
    const { dialer } = open({ allow: ["10.0.0.0/8"] });
    expect(await failureOf(dialer.session(targetOn(server, user)).run(script("true")))).toEqual({
      code: "AddressNotAllowed",
      started: false,
      message: "127.0.0.1 is not in the operator's list of allowed addresses",
    });
    expect(server.seen.connections).toBe(0);
  });

  it("cannot be reached by a name that resolves differently the second time", async () => {
    await using server = await startMisbehavingServer();
    let lookups = 0;
    const resolve = async () => [["127.0.0.1"], ["169.254.169.254"]][lookups++] ?? [];
    const { dialer } = open({ resolve });
    const target = targetOn(server, user, { host: "rebinding.example" });
    await dialer.session(target).run(script("true"));
    expect({ lookups, connections: server.seen.connections }).toEqual({ lookups: 1, connections: 1 });
    server.cut();
    await eventually(
      "a new lookup is refused",
      async () => {
        const failure = await failureOf(dialer.session(target).run(script("true"))).catch(() => undefined);
        return failure?.code === "AddressNotAllowed";
      },
      10,
    );
    expect(server.seen.connections).toBe(1);
  });
});

describe("a host that dies", () => {
  it("before the command was sent leaves no doubt", async () => {
    await using server = await startMisbehavingServer({ onSocket: (socket) => socket.destroy() });
    expect(await failureOf(open().dialer.session(targetOn(server, user)).run(script("true")))).toMatchObject({
      code: "Unreachable",
      started: false,
    });
  });

  it("in the middle of a command leaves it open whether it ran", async () => {
    await using server = await startMisbehavingServer({ onCommand: ({ cut }) => cut() });
    expect(await failureOf(open().dialer.session(targetOn(server, user)).run(script("true")))).toEqual({
      code: "ConnectionLost",
      started: true,
      message: "test on 127.0.0.1 was cut off before it ended; it printed nothing",
    });
  });

  it("in the middle of its output does not pass for one that printed little", async () => {
    await using server = await startMisbehavingServer({
      onCommand({ channel, request, cut }) {
        channel.write(`${request.nonce} begin\nhalf of the facts\n`, () => cut());
      },
    });
    expect(await failureOf(open().dialer.session(targetOn(server, user)).run(script("true")))).toMatchObject({
      code: "ConnectionLost",
      started: true,
    });
  });

  it("is reached again by the next command", async () => {
    await using server = await startMisbehavingServer();
    const { dialer, kinds } = open();
    const session = dialer.session(targetOn(server, user));
    await session.run(script("true"));
    server.cut();
    await eventually("the loss is noticed", () => kinds().includes("disconnected"), 10);
    expect(await session.run(script("true"))).toMatchObject({ exitCode: 0 });
    expect(server.seen.connections).toBe(2);
  });

  it("is not asked again before its time, and commands in between fail at once", async () => {
    await using server = await startMisbehavingServer({ onSocket: (socket) => socket.destroy() });
    const { dialer } = open({ limits: { backoff: { baseMilliseconds: 60_000, maxMilliseconds: 60_000 } } });
    const session = dialer.session(targetOn(server, user));
    await failureOf(session.run(script("true")));
    expect(await failureOf(session.run(script("true")))).toEqual({
      code: "Unreachable",
      started: false,
      message: expect.stringMatching(/\(attempt 1, the next one in \d+ s\)$/),
    });
    expect(server.seen.connections).toBe(1);
  });

  it("without a word is noticed by keepalives", async () => {
    const server = await startMisbehavingServer({ onCommand: () => undefined });
    // The server stops answering, like a host without power.
    await using _ = server;
    const { dialer } = open({ limits: { keepaliveSeconds: 0.05, keepaliveMisses: 2 } });
    const running = dialer.session(targetOn(server, user)).run(script("true", { timeoutSeconds: 60 }));
    await eventually("the command runs", () => server.seen.commands.length === 1, 10);
    server.freeze();
    expect(await failureOf(running)).toMatchObject({ code: "ConnectionLost", started: true });
  });
});

describe("a host that hangs", () => {
  it("in the handshake is given up", async () => {
    await using server = await startMisbehavingServer({ onSocket: () => undefined });
    const { dialer } = open({ limits: { connectSeconds: 0.3 } });
    expect(await failureOf(dialer.session(targetOn(server, user)).run(script("true")))).toMatchObject({
      code: "Unreachable",
      started: false,
      message: expect.stringContaining("did not finish the SSH handshake"),
    });
  });

  it("in the handshake gets no command that had to begin sooner", async () => {
    await using server = await startMisbehavingServer({ onSocket: () => undefined });
    const { dialer } = open({ limits: { connectSeconds: 20 } });
    const run = dialer.session(targetOn(server, user)).run(script("true", { beginWithinSeconds: 0.2 }));
    expect(await failureOf(run)).toEqual({
      code: "TimedOut",
      started: false,
      message: expect.stringMatching(/^timed out after 0\.\d+ s while connecting for test on 127\.0\.0\.1$/),
    });
  });

  it("in another command lets one that had to begin sooner go unsent", async () => {
    const waiting: Command[] = [];
    await using server = await startMisbehavingServer({ onCommand: (command) => void waiting.push(command) });
    const session = open({ limits: { channels: 1 } }).dialer.session(targetOn(server, user));
    const first = session.run(script("first"));
    await eventually("the first command has arrived", () => waiting.length === 1, 10);
    const second = session.run(script("second", { beginWithinSeconds: 0.2 }));
    expect(await failureOf(second)).toMatchObject({ code: "TimedOut", started: false });
    waiting[0]?.answer("done\n");
    expect(await first).toMatchObject({ exitCode: 0 });
    expect(
      await session.run(script("third", { beginWithinSeconds: 20, timeoutSeconds: 0.5 })).catch(() => "sent"),
    ).toBe("sent");
    expect(waiting.map(({ request }) => request.script.text)).toEqual(["first", "third"]);
  });

  it("in a command is told to end it, by the process that it named", async () => {
    const ended: (readonly string[])[] = [];
    await using server = await startMisbehavingServer({
      onCommand({ request, channel, answer }) {
        if (request.script.name === "end-process-group") {
          ended.push(request.args);
          return answer("ended\n");
        }
        channel.stderr.write(`${request.nonce} begin 4711 4710 99\n`);
        channel.write(`${request.nonce} begin\n`);
      },
    });
    const run = open()
      .dialer.session(targetOn(server, user))
      .run(script("sleep 99", { timeoutSeconds: 0.3 }));
    expect(await failureOf(run)).toEqual({
      code: "TimedOut",
      started: true,
      message: "timed out after 0.3 s while running test on 127.0.0.1; its processes were killed",
    });
    expect(ended).toEqual([["4711", "4710", "99"]]);
  });

  it("so badly that nothing can be ended is given up all the same", async () => {
    await using server = await startMisbehavingServer({
      onCommand({ request, channel }) {
        channel.stderr.write(`${request.nonce} begin 4711 4710 99\n`);
      },
    });
    const { dialer } = open({ limits: { killSeconds: 0.3 } });
    const run = dialer.session(targetOn(server, user)).run(script("sleep 99", { timeoutSeconds: 0.3 }));
    expect(await failureOf(run)).toEqual({
      code: "TimedOut",
      started: true,
      message:
        "timed out after 0.3 s while running test on 127.0.0.1; its processes may still be running: the host did not answer",
    });
  });

  it("delays no other host", async () => {
    await using hanging = await startMisbehavingServer({ onSocket: () => undefined });
    await using healthy = await startMisbehavingServer();
    const { dialer } = open();
    const stuck = failureOf(dialer.session(targetOn(hanging, user)).run(script("true")));
    expect(await dialer.session(targetOn(healthy, user)).run(script("true"))).toMatchObject({ exitCode: 0 });
    await dialer.close();
    expect(await stuck).toMatchObject({ code: "Unreachable", started: false });
  });

  it("is left alone when the caller cancels", async () => {
    const caller = new AbortController();
    await using server = await startMisbehavingServer({
      onCommand({ request, channel, answer }) {
        if (request.script.name === "end-process-group") return answer("ended\n");
        channel.stderr.write(`${request.nonce} begin 4711 4710 99\n`, () => caller.abort(new Error("leadership lost")));
      },
    });
    const session = open().dialer.session(targetOn(server, user));
    expect(await failureOf(session.run(script("sleep 99", { signal: caller.signal })))).toMatchObject({
      code: "Aborted",
      started: true,
    });
    expect(await failureOf(session.run(script("true", { signal: caller.signal })))).toMatchObject({
      code: "Aborted",
      started: false,
    });
  });
});

describe("a host that prints", () => {
  it("a banner, a message of the day and shell start-up noise does not spoil the output", async () => {
    await using server = await startMisbehavingServer({
      banner: "Authorised use only.\r\n",
      onCommand({ channel, answer }) {
        channel.write("Welcome!\nYou have mail.\n");
        channel.stderr.write("bash: warning: setlocale: LC_ALL: cannot change locale\n");
        answer("facts\n", "a remark\n", 3);
      },
    });
    expect(await open().dialer.session(targetOn(server, user)).run(script("true"))).toEqual({
      exitCode: 3,
      stdout: "facts\n",
      stderr: "a remark\n",
      milliseconds: expect.any(Number),
    });
  });

  it("garbage instead of an answer is not believed", async () => {
    await using server = await startMisbehavingServer({
      onCommand({ channel }) {
        channel.write("This account is currently not available.\n");
        channel.exit(0);
        channel.end();
      },
    });
    expect(await failureOf(open().dialer.session(targetOn(server, user)).run(script("true")))).toEqual({
      code: "Unintelligible",
      started: false,
      message:
        "test on 127.0.0.1 did not begin: the login shell of root ended with status 0; its output ended with: This account is currently not available.",
    });
  });

  it("nearly a MiB, line by line, each in a packet of its own, is read", async () => {
    const line = `${"x".repeat(79)}\n`;
    const count = 13_000;
    await using server = await startMisbehavingServer({
      onCommand({ channel, request, answer }) {
        const marks = outputMarks(request.nonce, 0, server.process);
        channel.write(marks.stdout.begin);
        for (let written = 0; written < count; written += 1) channel.write(line);
        answer("", "", 0);
      },
    });
    const { stdout } = await open().dialer.session(targetOn(server, user)).run(script("true"));
    expect(stdout.startsWith(line.repeat(count))).toBe(true);
  });

  it("100 MB is stopped, and memory stays bounded", async () => {
    const ended: string[] = [];
    await using server = await startMisbehavingServer({
      onCommand({ request, channel, answer }) {
        if (request.script.name === "end-process-group") {
          ended.push(request.script.name);
          return answer("ended\n");
        }
        channel.stderr.write(`${request.nonce} begin 4711 4710 99\n`);
        channel.write(`${request.nonce} begin\n`);
        const block = Buffer.alloc(1 << 20, "x");
        let sent = 0;
        const more = () => {
          if (sent++ < 100) channel.write(block, more);
        };
        more();
      },
    });
    const before = process.memoryUsage.rss();
    const run = open().dialer.session(targetOn(server, user)).run(script("cat /dev/zero"));
    expect(await failureOf(run)).toEqual({
      code: "OutputLimitExceeded",
      started: true,
      message: "test on 127.0.0.1 printed more than 1048576 bytes on stdout; its processes were killed",
    });
    expect(ended).toEqual(["end-process-group"]);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * (1 << 20));
  });

  it.each(["stdout", "stderr"] as const)(
    "on %s after the end of its output loses its command, and nothing else",
    async (stream) => {
      await using server = await startMisbehavingServer({
        onCommand({ channel, cut }) {
          channel.eof();
          // The library sends nothing more on a channel with the state "eof".
          Reflect.set(Object(channel.outgoing), "state", "open");
          (stream === "stdout" ? channel : channel.stderr).write("more", () => cut());
        },
      });
      expect(await failureOf(open().dialer.session(targetOn(server, user)).run(script("true")))).toMatchObject({
        code: "ConnectionLost",
        started: true,
      });
    },
  );

  it("in the name of a background job that outlives the command does not hold it up", async () => {
    await using server = await startMisbehavingServer({
      onCommand({ request, channel }) {
        // Everything but the end of the channel.
        channel.stderr.write(`${request.nonce} begin 1 1 1\n${request.nonce} end 0\n`);
        channel.write(`${request.nonce} begin\nstarted\n${request.nonce} end 0\nnoise of the job\n`);
        channel.exit(0);
      },
    });
    expect(await open().dialer.session(targetOn(server, user)).run(script("sleep 99 &"))).toMatchObject({
      exitCode: 0,
      stdout: "started\n",
    });
  });

  it("nothing because a signal ended the script says so", async () => {
    await using server = await startMisbehavingServer({
      onCommand({ request, channel }) {
        channel.stderr.write(`${request.nonce} begin 1 1 1\n`);
        channel.exit("KILL");
        channel.end();
      },
    });
    expect(await failureOf(open().dialer.session(targetOn(server, user)).run(script("true")))).toMatchObject({
      code: "Killed",
      started: true,
    });
  });
});

describe("sudo that asks for a password", () => {
  it("is told apart from a script that failed", async () => {
    const lines: string[] = [];
    await using server = await startMisbehavingServer({
      onCommand({ line, channel }) {
        lines.push(line);
        channel.stderr.write("sudo: a password is required\n");
        channel.exit(1);
        channel.end();
      },
    });
    const target = targetOn(server, user, { user: "admin", become: "Sudo" });
    expect(await failureOf(open().dialer.session(target).run(script("true")))).toEqual({
      code: "BecomeFailed",
      started: false,
      message:
        "test on 127.0.0.1 did not begin: sudo -n ended with status 1 for user admin; its output ended with: sudo: a password is required",
    });
    expect(lines).toEqual(["sudo -n sh -s"]);
  });
});

describe("many commands at once", () => {
  it("share one connection and stay below its limit of sessions", async () => {
    const waiting: Command[] = [];
    let most = 0;
    await using server = await startMisbehavingServer({
      onCommand(command) {
        waiting.push(command);
        most = Math.max(most, waiting.length);
        // Answers when all that can come have come: eight, and the last two of fifty.
        if (waiting.length < 8 && server.seen.commands.length < 50) return;
        for (const { answer } of waiting.splice(0)) answer();
      },
    });
    const session = open().dialer.session(targetOn(server, user));
    const results = await Promise.all(Array.from({ length: 50 }, () => session.run(script("true"))));
    expect(results.map(({ exitCode }) => exitCode)).toEqual(Array.from({ length: 50 }, () => 0));
    expect({ connections: server.seen.connections, most }).toEqual({ connections: 1, most: 8 });
  });

  it("find out when the server allows fewer", async () => {
    await using server = await startMisbehavingServer({ maxSessions: 3 });
    const session = open().dialer.session(targetOn(server, user));
    const results = await Promise.all(Array.from({ length: 30 }, () => session.run(script("true"))));
    expect(results).toHaveLength(30);
    expect(server.seen.connections).toBe(1);
  });

  it("are told when the server allows none", async () => {
    await using server = await startMisbehavingServer({ maxSessions: 0 });
    expect(await failureOf(open().dialer.session(targetOn(server, user)).run(script("true")))).toMatchObject({
      code: "Unreachable",
      started: false,
      message: expect.stringContaining("refuses every session"),
    });
  });
});

describe("a connection", () => {
  it("that nobody uses is closed", async () => {
    await using server = await startMisbehavingServer();
    const { dialer, kinds } = open({ limits: { idleSeconds: 0.05 } });
    await dialer.session(targetOn(server, user)).run(script("true"));
    await eventually("it is closed", () => kinds().includes("disconnected"), 10);
  });

  it("to a host that is no longer declared is closed when its last command is done", async () => {
    const finish = Promise.withResolvers<void>();
    await using server = await startMisbehavingServer({
      onCommand: ({ answer }) => void finish.promise.then(() => answer("done")),
    });
    const { dialer, kinds } = open();
    const target = targetOn(server, user);
    const running = dialer.session(target).run(script("true"));
    await eventually("the command runs", () => server.seen.commands.length === 1, 10);
    dialer.forget(target);
    finish.resolve();
    expect(await running).toMatchObject({ stdout: "done" });
    await eventually("it is closed", () => kinds().includes("disconnected"), 10);
  });

  it("is observed without arguments, output or keys", async () => {
    await using server = await startMisbehavingServer({ onCommand: ({ answer }) => answer("s3cret", "s3cret", 4) });
    const { dialer, events } = open();
    const target = targetOn(server, user);
    await dialer.session(target).run(script("echo s3cret", { args: ["s3cret"] }));
    const place = { host: "127.0.0.1", port: server.port, user: "root" };
    expect(events).toEqual([
      { kind: "connected", ...place, milliseconds: expect.any(Number) },
      {
        kind: "command",
        ...place,
        script: "test",
        milliseconds: expect.any(Number),
        outcome: "Completed",
        exitCode: 4,
      },
    ]);
  });

  it("is not opened for an argument that no shell can receive", async () => {
    await using server = await startMisbehavingServer();
    const run = open()
      .dialer.session(targetOn(server, user))
      .run(script("true", { args: ["a\0b"] }));
    expect(await failureOf(run)).toEqual({
      code: "InvalidRequest",
      started: false,
      message: "argument 1 of test must not contain a NUL byte",
    });
    expect(server.seen.connections).toBe(0);
  });
});
