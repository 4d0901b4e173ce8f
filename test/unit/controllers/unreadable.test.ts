import { expect, it } from "vitest";
import { unreadable } from "../../../src/controllers/unreadable.ts";
import type { HostFacts } from "../../../src/host/facts.ts";
import { facts } from "./facts.ts";

const responders = (why: string): HostFacts["responders"] => ({
  state: "known",
  value: [],
  unread: [{ row: "eth2", why }],
});

it.each([
  ["aoecfg heard more than 1024 answers or 262144 bytes", "True"],
  ["aoecfg: send config query: Network is down", undefined],
])("of an interface that %j says %s: that it is down is no unreadable row", (why, status) => {
  expect(unreadable(facts({ responders: responders(why) }))?.status).toBe(status);
});
