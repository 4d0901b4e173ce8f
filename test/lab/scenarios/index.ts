import type { Story } from "../scenario.ts";
import { aoe } from "./aoe.ts";
import { byHand } from "./by-hand.ts";
import { cloud } from "./cloud.ts";
import { contract } from "./contract.ts";
import { identity } from "./identity.ts";
import { storage } from "./storage.ts";
import { wide } from "./wide.ts";

/** In the order in which they run. */
export const stories: readonly Story[] = [contract, aoe, storage, identity, wide, byHand, cloud];
