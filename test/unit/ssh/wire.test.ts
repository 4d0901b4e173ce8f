import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTranscript, parseRemoteProcess } from "../../../src/ssh/transcript.ts";
import { decodeRequest, encodeRequest, outputMarks, quote, requestProblem } from "../../../src/ssh/wire.ts";
import { shells } from "./shells.ts";

const nonce = "00ff00ff00ff00ff";
const request = (text: string, args: readonly string[] = [], name = "probe") => ({
  nonce,
  script: { name, text },
  args,
});

/** A shell's answer as a caller sees it. */
function answer(output: { status: number | null; stdout: string; stderr: string }) {
  const read = (text: string) => {
    const transcript = createTranscript(nonce, 1 << 20);
    transcript.add(Buffer.from(text));
    return transcript;
  };
  const stdout = read(output.stdout);
  return {
    status: output.status,
    exit: stdout.endWords?.[0],
    stdout: stdout.between(),
    stderr: read(output.stderr).between(),
  };
}

const nasty = [
  "two words",
  'it\'s "quoted"',
  "$(touch pwned) `touch pwned` ${HOME}",
  "line one\nline two\n",
  "-n",
  "--",
  "",
  " ",
  "*",
  "\\",
  "\\'",
  "';exit 9;'",
  "naïve ☃ 𝄞 \u202e",
  "\t\r\b\u001b[31m",
  "!history",
  "a=b",
  "~root",
  ") </dev/null",
  "}\nexit 9",
  "# xensan: other",
];
/** Any text a shell can receive: no NUL, no lone surrogate. */
const argument = fc.oneof(
  fc.constantFrom(...nasty),
  fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
  fc
    .array(fc.constantFrom("'", '"', "\\", "$", "`", "\n", " ", "-", "(", ")", "}", "a"), { maxLength: 12 })
    .map((x) => x.join("")),
);

for (const shell of shells) {
  describe.skipIf(!shell.found)(`a script sent to ${shell.name}`, () => {
    it("gets its arguments byte for byte", () => {
      fc.assert(
        fc.property(fc.array(argument, { maxLength: 8 }), (args) => {
          // Control characters are made printable on the way back.
          const text = 'printf "%s\\0" "$#" "$@" | od -An -v -tx1';
          const expected = [String(args.length), ...args].map((word) => `${word}\0`).join("");
          const { stdout, ...rest } = answer(shell.feed(encodeRequest(request(text, args))));
          expect(rest).toEqual({ status: 0, exit: "0", stderr: "" });
          expect(Buffer.from((stdout ?? "").replace(/\s/g, ""), "hex").toString("utf8")).toBe(expected);
        }),
        { numRuns: 60, examples: [[nasty], [[]]] },
      );
    });

    it("gets ten thousand arguments and one of 200 kB", () => {
      const args = [...Array.from({ length: 9999 }, (_, index) => `-${index}`), "x".repeat(200_000)];
      const { stdout } = answer(
        shell.feed(encodeRequest(request('eval "last=\\${$#}"; echo "$# ${9999} ${#last}"', args))),
      );
      expect(stdout).toBe("10000 -9998 200000\n");
    });

    it.each([
      ["exit 3", "set -eu\necho before\nexit 3\necho after", 3, "before\n"],
      ["a failing command under set -e", "set -eu\nwork() { false; echo no; }\nwork\necho never", 1, ""],
      ["an EXIT trap", "trap 'echo cleaned; exit 7' EXIT\nset -e\nfalse", 7, "cleaned\n"],
      ["a here document", "show() { cat <<EOT\n}\n) $1 '\nEOT\n}\nshow it", 0, "}\n) it '\n"],
      ["case and command substitution", 'x=$(case b in (a) echo A ;; b) echo B ;; esac)\necho "$x"', 0, "B\n"],
      ["no newline at its end", "printf end # comment", 0, "end"],
      ["exec", "exec echo replaced", 0, "replaced\n"],
      ["a stdin that is empty", "cat; read -r line || echo nothing", 0, "nothing\n"],
      ["its own group of commands left unfinished by return", "f() { return 5; }\nf", 5, ""],
    ])("may use %s", (_name, text, status, stdout) => {
      expect(answer(shell.feed(encodeRequest(request(text))))).toEqual({
        status,
        exit: String(status),
        stdout,
        stderr: "",
      });
    });

    it("tells the process that runs it", () => {
      const output = shell.feed(encodeRequest(request('read -r pid rest </proc/self/stat; echo "$$"; : "$rest"')));
      const transcript = createTranscript(nonce, 1024);
      transcript.add(Buffer.from(output.stderr));
      const pid = Number(answer(output).stdout);
      expect(parseRemoteProcess(transcript.beginWords)).toEqual({
        pid,
        processGroup: expect.any(Number),
        startTicks: expect.stringMatching(/^[1-9]\d*$/),
      });
    });

    it("never runs a part of it, wherever the connection is cut", () => {
      const text = "set -eu\nwork() { cat <<EOT\nran\nEOT\n}\nif true; then work; fi\necho 'ran'\n";
      const whole = encodeRequest(request(text, ["a'b", "c\nd"]));
      const ran = [];
      // All but the last byte, the newline after the closing brace.
      for (let length = 0; length < whole.length - 1; length += 7) {
        const { stdout } = shell.feed(whole.slice(0, length));
        if (stdout !== "") ran.push({ length, stdout });
      }
      expect(ran).toEqual([]);
    });

    it("does not begin when it is not a script at all", () => {
      const output = shell.feed(encodeRequest(request("if true; then")));
      expect([output.stdout, output.status]).toEqual(["", 2]);
    });
  });
}

describe("a request on the wire", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.array(argument), fc.string({ unit: "binary" }), (args, text) => {
        expect(decodeRequest(encodeRequest(request(text, args)))).toEqual(request(text, args));
      }),
    );
  });

  it("is not understood when it is cut or comes from somebody else", () => {
    const whole = encodeRequest(request("echo hello", ["x"]));
    expect([whole.slice(0, -1), whole.slice(1), `${whole}\n`, "echo hello\n", ""].map(decodeRequest)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("names the argument that no shell can receive", () => {
    const script = { name: "probe", text: "true" };
    expect(requestProblem({ script, args: ["fine", "a\0b"] })).toBe("argument 2 of probe must not contain a NUL byte");
    expect(requestProblem({ script, args: ["\ud800"] })).toBe("argument 1 of probe must be well-formed Unicode");
    expect(requestProblem({ script: { name: "a b", text: "" }, args: [] })).toBe(
      'script name "a b" must match ^[A-Za-z0-9][A-Za-z0-9._-]*$',
    );
    expect(requestProblem({ script, args: nasty })).toBeUndefined();
  });

  it("quotes the way POSIX does", () => {
    expect(["", "plain", "it's"].map(quote)).toEqual(["''", "'plain'", "'it'\\''s'"]);
  });
});

describe("a transcript", () => {
  const marks = outputMarks(nonce, 4, { pid: 10, processGroup: 9, startTicks: "77" }).stdout;

  it("keeps what stands between the marks, however it is cut into chunks", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.string(),
        fc.integer({ min: 1, max: 40 }),
        (before, text, after, size) => {
          const bytes = Buffer.from(`${before}\n${marks.begin}${text}${marks.end}${after}`);
          const transcript = createTranscript(nonce, 1 << 16);
          for (let at = 0; at < bytes.length; at += size) transcript.add(bytes.subarray(at, at + size));
          expect([transcript.between(), transcript.endWords]).toEqual([text, ["4"]]);
        },
      ),
    );
  });

  it("says no to the first byte over its limit and holds nothing any more", () => {
    const transcript = createTranscript(nonce, 1000);
    expect(transcript.add(Buffer.from(`${"banner ".repeat(1000)}${marks.begin}`))).toBe(true);
    expect(transcript.add(Buffer.alloc(1000, "x"))).toBe(true);
    expect(transcript.add(Buffer.from("x"))).toBe(false);
    expect(transcript.between()).toBeUndefined();
  });

  it("does not count the end mark", () => {
    const transcript = createTranscript(nonce, 4);
    expect(transcript.add(Buffer.from(`${marks.begin}four${marks.end}`))).toBe(true);
    expect(transcript.between()).toBe("four");
  });
});
