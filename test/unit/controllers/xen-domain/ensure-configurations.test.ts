import { describe, expect, it } from "vitest";
import { renderConfiguration } from "../../../../src/controllers/xen-domain/configuration.ts";
import { ensureConfigurations } from "../../../../src/controllers/xen-domain/ensure-configurations.ts";
import type { DomainObservation } from "../../../../src/controllers/xen-domain/observation.ts";
import { decision } from "../decision.ts";
import { known, unreachable } from "../facts.ts";
import { domain, host, image, mark, runs, uuid } from "./observations.ts";

const look = (one: DomainObservation) => decision(ensureConfigurations(one));
const { text, digest } = renderConfiguration("Xl", domain(), [{ device: "xvda", access: "ReadWrite", image }]);
const write = (name: string, adopt = "no") =>
  `XenHost ${name} write-domain-configuration ${mark} ${uuid} ${Buffer.from(text).toString("base64")} ${adopt}`;
const has = (owner: string, of = digest) => ({ domainConfigurations: known([{ uuid, owner, digest: of }]) });
const does = (...steps: string[]) => ({ conditions: [], steps, proceed: true });

describe("the configuration of a domain", () => {
  it.each<[string, DomainObservation, ReturnType<typeof does>]>([
    ["is written on every host that may run it", domain(), does(write("bella"), write("brutus"))],
    ["stays as it is", domain({ hosts: [host("bella", has(mark)), host("brutus", has(mark))] }), does()],
    ["is written anew where it differs", domain({ hosts: [host("bella", has(mark, "d"))] }), does(write("bella"))],
    [
      "is written anew under the uid of an object that was restored",
      domain({ hosts: [host("bella", has("san/vm 7"))] }),
      does(write("bella")),
    ],
    [
      "may take a domain over that xensan once started",
      domain({ hosts: [host("bella")], recorded: { ...domain().recorded, configuration: "d" } }),
      does(write("bella", "yes")),
    ],
    ["is not written where it may not run", domain({ hosts: [{ ...host("carl"), allowed: false }] }), does()],
    [
      "is written where it runs although it may not",
      domain({ hosts: [{ ...host("carl", runs()), allowed: false }] }),
      does(write("carl")),
    ],
    [
      "is not written where the host does not answer",
      domain({ hosts: [host("bella", {}, { view: unreachable })] }),
      does(),
    ],
    [
      "is not written where the host does not tell what is there",
      domain({ hosts: [host("bella", { domainConfigurations: { state: "unknown", why: "" } })] }),
      does(),
    ],
    [
      "is not written where the toolstack is not known",
      domain({ hosts: [host("bella", { toolstack: { state: "unknown", why: "" } })] }),
      does(),
    ],
  ])("%s", (_name, one, expected) => {
    expect(look(one)).toEqual(expected);
  });
});
