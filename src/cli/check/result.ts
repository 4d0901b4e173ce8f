/** What one check of `xensan check` found. */
export interface CheckResult {
  /** What was looked at: `cluster`, `definitions`, `xenhost/bella`. */
  readonly name: string;
  /** Where that object is; only when several namespaces are checked. */
  readonly namespace?: string;
  /** Unknown: what is asked for may not be read, or does not say. Only Failed makes the exit code 1. */
  readonly state: "Passed" | "Failed" | "Unknown";
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** Everything is as it should be. */
export const passed = (name: string, message: string): CheckResult => ({ name, state: "Passed", message });
/** Something keeps xensan from working. */
export const failed = (name: string, message: string, advice: string): CheckResult => ({
  name,
  state: "Failed",
  message,
  advice,
});
/** It could not be told. */
export const unknown = (name: string, message: string, advice?: string): CheckResult => ({
  name,
  state: "Unknown",
  message,
  ...(advice === undefined ? {} : { advice }),
});
