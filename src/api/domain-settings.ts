import { z } from "zod";
import { mapListOf } from "./lists.ts";
import { withRules } from "./rules.ts";
import { textOf } from "./text.ts";

/** Keys of xl.cfg(5) that xensan writes from fields, or that have the same meaning as fields. */
const written = [
  "name uuid type builder memory maxmem vcpus cpus kernel ramdisk extra cmdline root bootloader boot bios disk vif",
  "serial vnc vnclisten vncunused vncdisplay vncpasswd on_poweroff on_reboot on_crash",
].flatMap((line) => line.split(" "));

const settingSchema = z.object({
  key: withRules(
    textOf(/^[a-z][a-z0-9_]{0,62}$/, 63, "a key of xl.cfg(5): a lower-case letter, then letters, digits and _"),
    [
      {
        cel: `!(self in [${written.map((key) => `'${key}'`).join(", ")}])`,
        message: "must not be a key that xensan writes itself: use the field for it",
        holds: (key) => !written.includes(key),
      },
    ],
  ).describe("Key of xl.cfg(5)."),
  value: textOf(
    /^[A-Za-z0-9._:,+/@%=-]{1,128}$/,
    128,
    "a number or text of letters, digits and . _ : , + / @ % = -, not a list",
  ).describe("Its value, a number or text."),
});

/** Further settings of a domain, without a field of their own. */
export const domainSettingsSchema = mapListOf(settingSchema, ["key"], { max: 32 }).describe(
  "More lines of the configuration, for which there is no field: each within the host's allowed.settings. xensan does not check their effects.",
);

/** A setting that the owner of a host allows: KEY for any value, or KEY=VALUE. */
export const allowedSettingSchema = textOf(
  /^[a-z][a-z0-9_]{0,62}(=[A-Za-z0-9._:,+/@%=-]{1,128})?$/,
  192,
  "a key of xl.cfg(5), alone or with = and a value, like usbdevice=tablet",
);
