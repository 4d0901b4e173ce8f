/** The result of one check of `xensan check`. */
export interface CheckResult {
  /** The object of the check: `cluster`, `definitions`, `xenhost/bella`. */
  readonly name: string;
  /** The namespace of that object; only when several namespaces are checked. */
  readonly namespace?: string;
  /** Unknown: the information may not be read, or is missing. Only Failed makes the exit code 1. */
  readonly state: "Passed" | "Failed" | "Unknown";
  readonly message: string;
  /** What to do about the problem. */
  readonly advice?: string;
}

/** The check found no problem. */
export const passed = (name: string, message: string): CheckResult => ({ name, state: "Passed", message });
/** The check found a problem that keeps xensan from working. */
export const failed = (name: string, message: string, advice: string): CheckResult => ({
  name,
  state: "Failed",
  message,
  advice,
});
/** The result could not be determined. */
export const unknown = (name: string, message: string, advice?: string): CheckResult => ({
  name,
  state: "Unknown",
  message,
  ...(advice === undefined ? {} : { advice }),
});
