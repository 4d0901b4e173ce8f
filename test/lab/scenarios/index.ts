import type { Story } from "../scenario.ts";
import { aoe } from "./aoe.ts";

/** In the order in which they are told. */
export const stories: readonly Story[] = [aoe];
