/** What the catalogue says of one reason. */
export interface ReasonEntry {
  /** Condition types that may carry it; the summary (Ready, Succeeded) may carry any of them too. `events`: events. */
  readonly conditions: readonly string[];
  readonly meaning: string;
  /** What the user does about it. */
  readonly action: string;
  /** It does not resolve itself: a person has to change the spec, another object or a machine. kstatus reads Failed. */
  readonly stalls?: true;
}

/** The action of a reason that needs none. */
export const nothing = "Nothing: it resolves itself.";
/** The action of a reason whose message names the wrong field. */
export const correctSpec = "Change the spec; the message names the field.";
