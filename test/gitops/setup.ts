import type { TestProject } from "vitest/node";
import { buildKstatus } from "./programs.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The path of the program of modules/kstatus. */
    kstatus: string;
  }
}

/** Builds what the tier runs before its first test. */
export async function setup(project: TestProject): Promise<void> {
  const kstatus = await buildKstatus(({ step, steps, text }) =>
    console.error(step === undefined ? text : `step ${step}/${steps} ${text}`),
  );
  project.provide("kstatus", kstatus);
}
