import type { Reason } from "../../api/reasons.ts";
import type { BackingFact, HostFacts } from "../../host/facts.ts";
import { ownExports } from "./ensure-address.ts";
import type { VolumeObservation } from "./observation.ts";

const approval = "ReplaceBacking:";

/** The identity of the recorded backing that a person gave up, so that another one may take its place. */
export function givenUp({ approved }: Pick<VolumeObservation, "approved">): string | undefined {
  return approved?.startsWith(approval) === true ? approved.slice(approval.length) : undefined;
}

/** Two lasting identities of one thing; a time of birth of 0 is one that was not told. */
export function isSameBacking(one: string, other: string): boolean {
  if (one === other) return true;
  const [, file, birth] = /^(file:.*):(\d+)$/.exec(one) ?? [];
  const [, otherFile, otherBirth] = /^(file:.*):(\d+)$/.exec(other) ?? [];
  return file !== undefined && file === otherFile && (birth === "0" || otherBirth === "0");
}

/**
 * Says what is wrong when the backing is not the one that was recorded, in the status or on the server. Nothing is made,
 * started or grown then.
 */
export function otherThanRecorded(
  volume: VolumeObservation,
  facts: HostFacts,
  fact: BackingFact,
): { readonly reason: Reason; readonly message: string } | undefined {
  const own = facts.exports.state === "known" ? ownExports(volume, facts.exports.value) : [];
  const known = [volume.recorded.backing?.identity ?? "", ...own.map(({ recorded }) => recorded)];
  const broken = known.find(
    (one) =>
      one !== "" &&
      one !== givenUp(volume) &&
      (fact.kind === "Missing" || (fact.lasting !== "" && !isSameBacking(one, fact.lasting))),
  );
  if (broken === undefined) return undefined;
  const wayOut = `bring it back, or set the annotation xensan.dev/approve=${approval}${broken} to accept that it is lost`;
  if (fact.kind === "Missing")
    return {
      reason: "BackingMissing",
      message: `${fact.path} does not exist. The recorded backing is ${broken}: xensan neither creates nor serves another one; ${wayOut}`,
    };
  return {
    reason: "BackingChanged",
    message: `${fact.path} is ${fact.lasting}, but the recorded backing is ${broken}: it is not served; ${wayOut}`,
  };
}
