import type { ProbeRequest } from "../../host/actions.ts";
import { path as hostPath, InvalidValue, interfaceName } from "../../host/values.ts";

/** What everything on a machine needs to know of it, in one question. */
export function joinedQuestions(questions: readonly Partial<ProbeRequest>[]): ProbeRequest {
  const union = <T extends string>(of: (one: Partial<ProbeRequest>) => readonly T[] | undefined): T[] =>
    [...new Set(questions.flatMap((one) => of(one) ?? []))].sort();
  const paths = (of: (one: Partial<ProbeRequest>) => readonly string[] | undefined) =>
    union(of).filter((one) => accepts(hostPath, one));
  return {
    roles: union(({ roles }) => roles),
    segments: union(({ segments }) => segments).filter((name) => accepts(interfaceName, name)),
    backings: paths(({ backings }) => backings),
    sharedDevices: paths(({ sharedDevices }) => sharedDevices),
    mountPoints: paths(({ mountPoints }) => mountPoints),
    images: paths(({ images }) => images),
    lockDirectories: paths(({ lockDirectories }) => lockDirectories),
  };
}

/** One object's odd value must not spoil the probe of all. */
function accepts(form: (value: string) => string, value: string): boolean {
  try {
    return form(value) === value;
  } catch (error) {
    if (error instanceof InvalidValue) return false;
    throw error;
  }
}
