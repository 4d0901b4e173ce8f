import { describe, expect, it } from "vitest";
import { createPacketBudget, isUnsolicited, packetLimits } from "../../../src/ssh/packet-budget.ts";

const name = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
const request = (type: number, before: number[], text: string, wantsReply: number) =>
  Buffer.concat([Buffer.from([type, ...before]), name(text), Buffer.from([wantsReply])]);

describe("a packet is unsolicited", () => {
  it.each<[string, Buffer, boolean]>([
    ["data", Buffer.from([94, 0, 0, 0, 0]), false],
    ["a new key exchange", Buffer.from([20]), false],
    ["the answer to a keepalive", Buffer.from([82]), false],
    ["an exit status", request(98, [0, 0, 0, 0], "exit-status", 0), false],
    ["a request on a channel that asks for an answer", request(98, [0, 0, 0, 0], "keepalive@openssh.com", 1), true],
    ["a request on a channel without a name", Buffer.from([98, 0, 0, 0, 0]), false],
    ["a request on a channel whose name has no end", Buffer.from([98, 0, 0, 0, 0, 255, 255, 255, 255, 1]), false],
    ["a global request", request(80, [], "x", 0), true],
    ["padding", Buffer.from([2]), true],
    ["an unknown message", Buffer.from([255]), true],
    ["nothing", Buffer.alloc(0), true],
  ])("%s", (_what, payload, unsolicited) => {
    expect(isUnsolicited(payload)).toBe(unsolicited);
  });
});

describe("the budget of a connection", () => {
  function budget() {
    let now = 0;
    const { spend } = createPacketBudget({ monotonic: () => now }, { ...packetLimits, unsolicited: 2, small: 3 });
    return {
      spend,
      wait(seconds: number) {
        now += seconds * 1000;
      },
    };
  }

  it("ends with one unsolicited packet too many", () => {
    const { spend } = budget();
    expect([1, 2, 3].map(() => spend(10_000, true))).toEqual([
      undefined,
      undefined,
      "the host sent more than 2 unsolicited packets in 10 seconds",
    ]);
  });

  it("ends with one small packet too many", () => {
    const { spend } = budget();
    for (const bytes of [1, 256, 255, 20_000, 10]) expect(spend(bytes, false)).toBeUndefined();
    expect(spend(1, false)).toBe("the host sent more than 3 packets of less than 256 bytes in 10 seconds");
  });

  it("ends with too many bytes, and lets the largest answers pass", () => {
    const { spend } = budget();
    const packet = 32 * 1024;
    for (let sent = 0; sent < 128 * 2 ** 20; sent += packet) expect(spend(packet, false)).toBeUndefined();
    expect(spend(packet, false)).toBe("the host sent more than 128 MiB in 10 seconds");
  });

  it("is whole again after its time", () => {
    const { spend, wait } = budget();
    for (let turn = 0; turn < 5; turn += 1) {
      expect([spend(1, true), spend(1, true)]).toEqual([undefined, undefined]);
      wait(10);
    }
  });
});
