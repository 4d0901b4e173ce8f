/** How a section of the probe's output ended; `unknown` carries its stderr. */
export type SectionEnd = "known" | "absent" | { readonly exit: number; readonly why: string };
