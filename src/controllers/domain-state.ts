import type { DomainState } from "../api/domain-state.ts";

/** The letters of `xl list` as one word; a letter that ends a domain outweighs the others. */
export function domainState(letters: string): DomainState {
  if (letters.includes("d")) return "Dying";
  if (letters.includes("c")) return "Crashed";
  if (letters.includes("s")) return "ShutDown";
  return letters.includes("p") ? "Paused" : "Running";
}

const texts: Record<DomainState, string> = {
  Running: "running",
  Paused: "paused",
  ShutDown: "shut down",
  Crashed: "crashed",
  Dying: "dying",
};

/** The letters of `xl list` as words for a message. */
export const stateText = (letters: string): string => texts[domainState(letters)];
