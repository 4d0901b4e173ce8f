import { z } from "zod";
import { formKey, withRules } from "./rules.ts";

/** Forms of text that several fields use. Patterns are RE2, as the API server reads them. */

/** Text of a known form; `form` completes the sentence "must be …". */
export function textOf(pattern: RegExp, max: number, form: string): z.ZodString {
  return z
    .string()
    .max(max)
    .regex(pattern, { error: `must be ${form}` })
    .meta({ [formKey]: form });
}

/** A Linux network interface: IFNAMSIZ allows 15 characters. */
export const interfaceNameSchema = textOf(
  /^[A-Za-z0-9_][A-Za-z0-9._-]{0,14}$/,
  15,
  "a network interface name: 1 to 15 letters, digits and . _ -, not starting with . or -",
);

/** A MAC address in lower case with colons, as the AoE driver and vblade compare it. */
export const macSchema = textOf(
  /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/,
  17,
  "a MAC address in lower case with colons, like 00:16:3e:1a:2b:3c",
);

/** An IPv4 address in dotted decimals, without leading zeros. */
export const ipv4Schema = textOf(
  /^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])$/,
  15,
  "an IPv4 address, like 192.168.0.1",
);

/** A UUID of lower-case hexadecimal digits with hyphens. */
export const uuidSchema = textOf(
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  36,
  "a UUID in lower case, like 0b5f1a3e-7c2d-4e8f-9a1b-2c3d4e5f6a7b",
);

const pathCharacters = "letters, digits and . _ / @ : + , = -";
const noDotSegments = {
  cel: "!self.matches('(^|/)[.][.]?(/|$)')",
  holds: (path: string) => !/(^|\/)\.\.?(\/|$)/.test(path),
};

/** The file names of Linux have 255 bytes; xensan adds its own endings to the names of images. */
const shortNames = (most: number) => ({
  cel: `!self.matches('[^/]{${most + 1}}')`,
  message: `must not have a component of more than ${most} characters`,
  holds: (path: string) => path.split("/").every((name) => name.length <= most),
});

/**
 * A path on a host. sh and systemd both read the configuration files that paths are written to (vblade-persistence(5)),
 * so quotes, `$`, spaces and control characters are not allowed.
 */
export const absolutePathSchema = withRules(
  textOf(
    /^(\/[A-Za-z0-9._@:+,=-]+)+$/,
    512,
    `an absolute path of ${pathCharacters}, without a slash at the end or two in a row`,
  ),
  [{ ...noDotSegments, message: "must not contain . or .. as a component: name the file itself" }, shortNames(255)],
);

/** Names of xensan's own files beside images, and of the directory of its records and locks. */
const noOwnNames = {
  cel: "!self.matches('(^|/)[.]xensan(/|$)|[.]xensan-')",
  holds: (path: string) => !/(^|\/)\.xensan(\/|$)|\.xensan-/.test(path),
};

/** A path of an image below a directory that another field names. */
export const relativePathSchema = withRules(
  textOf(
    /^[A-Za-z0-9._@:+,=-]+(\/[A-Za-z0-9._@:+,=-]+)*$/,
    512,
    `a path relative to the top of the file system, of ${pathCharacters}`,
  ),
  [
    { ...noDotSegments, message: "must stay below the top of its file system: no . or .. as a component" },
    {
      ...noOwnNames,
      message:
        "must not have a component that is .xensan or contains .xensan-: xensan keeps its own files under these names",
    },
    shortNames(160),
  ],
);

/** The shell on the host backtracks to each star: with this many, matching takes milliseconds. */
export const fewStars = {
  cel: "!self.matches('[*][^/]*[*][^/]*[*][^/]*[*]')",
  message: "must not contain more than three * between two slashes",
  holds: (glob: string) => glob.split("/").every((part) => part.split("*").length <= 4),
};

/** Like {@link pathGlobSchema}, below a directory that another field names. */
export const relativePathGlobSchema = withRules(
  textOf(
    /^[A-Za-z0-9._@:+,=*?[\]!^-]+(\/[A-Za-z0-9._@:+,=*?[\]!^-]+)*$/,
    512,
    "a path relative to the top of the file system, which may contain *, ? and [a-z]",
  ),
  [{ ...noDotSegments, message: "must stay below the top of its file system: no . or .. as a component" }, fewStars],
);

/** A path glob: `*` and `?` match within one component of the path, `[a-z]` one character of a class. */
export const pathGlobSchema = withRules(
  textOf(/^(\/[A-Za-z0-9._@:+,=*?[\]!^-]+)+$/, 512, "an absolute path, which may contain *, ? and [a-z]"),
  [{ ...noDotSegments, message: "must not contain . or .. as a component" }, fewStars],
);

/** Volume label of a file system. */
export const filesystemLabelSchema = textOf(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  63,
  "1 to 63 letters, digits and . _ -",
);
