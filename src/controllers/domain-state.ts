import type { DomainState } from "../api/domain-state.ts";

/** The letters of `xl list` as one word; a letter that ends a domain outweighs the others. */
export function domainState(letters: string): DomainState {
  if (letters.includes("d")) return "Dying";
  if (letters.includes("c")) return "Crashed";
  if (letters.includes("s")) return "ShutDown";
  return letters.includes("p") ? "Paused" : "Running";
}
