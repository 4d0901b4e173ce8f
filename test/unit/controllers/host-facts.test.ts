import { expect, it } from "vitest";
import { factsStatus } from "../../../src/controllers/host-facts.ts";
import type { HostFacts } from "../../../src/host/facts.ts";
import { silent } from "./facts.ts";

const nothing = silent();

it("shows nothing of what is unknown", () => {
  expect(factsStatus(nothing)).toEqual({});
});

it("leaves out what a host says with an empty text", () => {
  const facts: HostFacts = {
    ...nothing,
    interfaces: { state: "known", value: [{ name: "tun0", mac: "", mtu: 1500, adminUp: true, carrier: undefined }] },
    blockDevices: {
      state: "known",
      value: [
        {
          path: "/dev/vdb",
          device: "254:16",
          sizeBytes: 512,
          type: "",
          signature: "",

          mountPoints: [],
          holders: [],
        },
      ],
    },
  };
  expect(factsStatus(facts)).toEqual({
    interfaces: [{ name: "tun0", mtu: 1500, link: "Up" }],
    blockDevices: [{ path: "/dev/vdb", size: "512" }],
  });
});
