import { describe } from "vitest";
import { runSeeds } from "./seeds.ts";

describe("an operator in a storm", () => runSeeds(1));
