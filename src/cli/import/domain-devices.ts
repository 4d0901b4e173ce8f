/** A disk in a domain's file. */
export interface FileDisk {
  readonly target: string;
  /** Empty if none is named. */
  readonly device: string;
  readonly readOnly: boolean;
  readonly cdrom: boolean;
  /** Why it cannot be a disk of a XenDomain, whatever its path; undefined if it can. */
  readonly problem: string | undefined;
}

const formats = /^(raw|qcow2?|qed|vhd|vhdx)$/;

/** Parses xl-disk-configuration(5), and the `file:` and `phy:` of xm. */
export function parseDisk(text: string): FileDisk {
  const [, before = text, late] = /^(.*?)(?:^|,)\s*target=(.*)$/s.exec(text) ?? [];
  let [target, device, format, access, cdrom] = [late?.trim() ?? "", "", "", "rw", false];
  const odd: string[] = [];
  const words = before.split(",").map((word) => word.trim());
  words.forEach((word, index) => {
    const [key = "", ...rest] = word.split("=");
    const value = rest.join("=");
    if (index === 0 && rest.length === 0 && late === undefined) target = word;
    else if (key === "vdev") device = value;
    else if (key === "format") format = value;
    else if (key === "access") access = value;
    else if (word === "devtype=cdrom" || word === "cdrom") cdrom = true;
    else if (word === "devtype=disk" || word === "") return;
    else if (formats.test(word)) format = word;
    else if (/^(ioemu:)?(xvd|sd|hd)[a-z][0-9]*(:cdrom|:disk)?$/.test(word)) {
      device = word.replace(/^ioemu:|:(cdrom|disk)$/g, "");
      cdrom ||= word.endsWith(":cdrom");
    } else if (/^(r|ro|w|rw)$/.test(word)) access = word;
    else odd.push(word);
  });
  const [, prefix = ""] = /^((?:(?:file|phy|tap2?|aio|raw|qcow2?|vhd):)+)/.exec(target) ?? [];
  const kind = /(qcow2?|vhd):/.exec(prefix)?.[1];
  return {
    target: target.slice(prefix.length),
    device,
    readOnly: access.startsWith("r") && access !== "rw",
    cdrom,
    problem:
      odd.length > 0
        ? `${odd.join(", ")} has no field`
        : format !== "" && format !== "raw"
          ? `its format is ${format}, and images are raw`
          : kind === undefined
            ? undefined
            : `its format is ${kind}, and images are raw`,
  };
}

/** A network card in a domain's file. */
export interface FileNetwork {
  /** xl's default if none is named. */
  readonly bridge: string;
  readonly switch: "Linux" | "OpenVSwitch";
  readonly vlan: number | undefined;
  readonly mac: string | undefined;
  readonly model: string | undefined;
  /** Why it cannot be a network card of a XenDomain; undefined if it can. */
  readonly problem: string | undefined;
  /** Parts that are not imported. */
  readonly lost: readonly string[];
}

const models: Readonly<Record<string, string>> = {
  rtl8139: "Rtl8139",
  e1000: "E1000",
  "virtio-net": "Virtio",
  virtio: "Virtio",
};

/** Parses xl-network-configuration(5). */
export function parseNetwork(text: string, type: "PVH" | "PV" | "HVM"): FileNetwork {
  const fields = new Map(
    text
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "")
      .map((word) => [word.replace(/=.*/s, ""), word.includes("=") ? word.replace(/^[^=]*=/, "") : ""]),
  );
  const model = fields.get("model");
  const known = model === undefined ? undefined : models[model];
  const named = fields.get("bridge") ?? "xenbr0";
  const [, port, vlan] = /(?:^|\/)vif-openvswitch$/.test(fields.get("script") ?? "")
    ? (/^([^.:]+)(?:[.]([0-9]{1,4}))?$/.exec(named) ?? [])
    : [];
  const harmful = [...(port === undefined ? ["script"] : []), "backend"].filter((key) => fields.has(key));
  const lost = [...fields.keys()]
    .filter((key) => !["bridge", "mac", "model", "type", "script", ...harmful].includes(key))
    .map((key) => `${key}=${fields.get(key) ?? ""}`);
  return {
    bridge: port ?? named,
    switch: port === undefined ? "Linux" : "OpenVSwitch",
    vlan: vlan === undefined ? undefined : Number(vlan),
    mac: fields.get("mac")?.toLowerCase(),
    model: type === "HVM" ? known : undefined,
    problem:
      harmful.length > 0 ? `${harmful.map((key) => `${key}=${fields.get(key)}`).join(", ")} has no field` : undefined,
    lost: [...lost, ...(model !== undefined && (known === undefined || type !== "HVM") ? [`model=${model}`] : [])],
  };
}
