/** Every directory right below the root: paths in one of them are mapped into the fake host. */
const top = "bin|boot|dev|etc|home|lib32|lib64|libx32|lib|media|mnt|opt|proc|root|run|sbin|selinux|srv|sys|tmp|usr|var";

/**
 * Stateless paths that a script shares with the machine that runs the tests. Processes are real ones, looked at one by
 * one; the fake host itself lists them.
 */
const real = /^\/(dev\/(null|zero|stderr)|bin\/sh|proc\/self\/fd|proc\/\$[A-Za-z0-9_${}!]+)(?![A-Za-z0-9_.-])/;

const path = new RegExp(`(?<![A-Za-z0-9_$}*?.\\])/\\\\]|(?<!:)-)/(?:${top})(?![A-Za-z0-9_.-])`, "gm");
/** The form in a regular expression of awk: `^\/proc\/`. */
const pattern = new RegExp(`\\^\\\\/(?=(?:${top})\\\\/)`, "g");

/** Paths of xenstore, and ends of paths that a script puts together itself. */
const inside = new Set([
  "/local/domain",
  "/vm/$uuid",
  "/dm/name",
  "/dm/uuid",
  "/md/level",
  "/device/wwid",
  "/device/serial",
  "/loop/backing_file",
  "/../dev",
]);

/** The text with every absolute path of a host moved to `root`. */
export function mapPaths(text: string, root: string): string {
  return text
    .replace(path, (found, at: number) => (real.test(text.slice(at, at + 80)) ? found : `${root}${found}`))
    .replace(pattern, `^${root.replaceAll("/", "\\/")}\\/`);
}

/** Absolute paths that {@link mapPaths} does not change although they lead out of the fake host. */
export function unmappedPaths(text: string): string[] {
  const code = text.replace(/^\s*#.*$/gm, "");
  const words = new RegExp(`(?:^|[\\s=<>(:|!])["']?(/(?!(?:${top})/)[A-Za-z0-9_.-]+/[A-Za-z0-9_.*$-]+)`, "gm");
  return [...code.matchAll(words)].flatMap(([, found]) => (found === undefined || inside.has(found) ? [] : [found]));
}
