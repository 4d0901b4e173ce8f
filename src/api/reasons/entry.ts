/** The entry of one reason in the catalogue. */
export interface ReasonEntry {
  /**
   * Condition types that may have the reason; the summary (Ready, Succeeded) may have any of them too. `events`:
   * events. Empty: only the message of another reason names it.
   */
  readonly conditions: readonly string[];
  readonly meaning: string;
  /** The action that the user should take. */
  readonly action: string;
  /**
   * The problem does not resolve itself: a person has to change the spec, another object or a machine. kstatus reads
   * Failed.
   */
  readonly stalls?: true;
}

/** The action for a reason that needs none. */
export const nothing = "Nothing: it resolves itself.";
/** The action for a reason whose message names the wrong field. */
export const correctSpec = "Change the spec; the message names the field.";
