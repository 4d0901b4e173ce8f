import type { Reason } from "../../api/reasons.ts";
import { missingFeatures } from "../../host/cpu-features.ts";
import type { Fact, HostFacts } from "../../host/facts.ts";
import { globMatches } from "../../host/glob.ts";
import type { Toolstack, XenInfo } from "../../host/xen-facts.ts";
import { stateText } from "../domain-state.ts";
import { observeOnlyMessage } from "../hosts/step.ts";
import { markedName, refTo } from "../identity.ts";
import { memoryShortage } from "../memory.ts";
import { processorProblem } from "../processors.ts";
import { settingsOutside } from "../settings.ts";
import { configurationOf } from "../xen-domain/owner.ts";
import { imageProblems, ownershipProblems } from "./preflight-images.ts";
import { sharedMounts } from "./shared-storage.ts";
import { baseName } from "./sight.ts";
import type { HostSheet, Problem, Transfer, Traveller } from "./transfer.ts";

/** A transfer with the facts of both hosts that the other checks need. */
interface Known extends Transfer {
  readonly from: HostFacts;
  readonly to: HostFacts;
  readonly sourceStack: Toolstack;
  readonly targetStack: Toolstack;
}

const problem = (reason: Reason, message: string): Problem => ({ reason, message });

/** All problems that prevent the domain from moving now, each with its own reason. Empty: it may move. */
export function preflight(move: Transfer): readonly Problem[] {
  const written = [declared, managed, hostsReady, cordon, hostAllowed, relocationAllowed].flatMap((check) =>
    check(move),
  );
  const known = knownOf(move);
  if ("problems" in known) return [...written, ...known.problems];
  const checks = [
    domainRuns,
    alreadyThere,
    ownership,
    nameFree,
    toolstacks,
    memory,
    processors,
    bridges,
    bounds,
    filesystems,
    images,
  ];
  const live = [versions, cpuFeatures, shadowPaging];
  return [...written, ...[...checks, ...(move.mode === "Live" ? live : [])].flatMap((check) => check(known))];
}

function knownOf(move: Transfer): Known | { readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const look = ({ name, view }: HostSheet) => {
    if (view.state === "Reachable") return view.snapshot.facts;
    const why = view.state === "Pending" ? "has not been probed yet" : `cannot be reached (${view.reason})`;
    problems.push(problem("HostUnknown", `${name} ${why}`));
    return undefined;
  };
  const [from, to] = [look(move.source), look(move.target)];
  const need = <T>(fact: Fact<T> | undefined, host: HostSheet, what: string): T | undefined => {
    if (fact?.state === "unknown") problems.push(problem("HostUnknown", `${host.name}: ${what} unknown: ${fact.why}`));
    return fact?.state === "known" ? fact.value : undefined;
  };
  const sourceStack = need(from?.toolstack, move.source, "toolstack");
  const targetStack = need(to?.toolstack, move.target, "toolstack");
  // The UUID of one side can be compared only with that of the other.
  const compared = [from, to].some((facts) => facts?.sharedDevices.state === "known");
  for (const [facts, host] of [
    [from, move.source],
    [to, move.target],
  ] as const) {
    need(facts?.domains, host, "domains");
    need(facts?.identity, host, "boot id");
    need(facts?.mounts, host, "mounts");
    if (compared && facts !== undefined && sharedMounts(facts).size > 0)
      need(facts.sharedDevices, host, "file systems");
  }
  if (problems.length > 0) return { problems };
  if (from === undefined || to === undefined || sourceStack === undefined || targetStack === undefined)
    return { problems: [problem("ToolstackDiffers", "One of the hosts has no Xen toolstack")] };
  return { ...move, from, to, sourceStack, targetStack };
}

type Check<M> = (move: M) => readonly Problem[];
const passed: readonly Problem[] = [];

/** An offline migration starts the domain from the configuration of its XenDomain. */
const declared: Check<Transfer> = ({ mode, domain }) =>
  mode === "Live" || domain.hosts !== undefined
    ? passed
    : [
        problem(
          "OfflineUnavailable",
          `mode is Offline, and no XenDomain of the namespace has the UUID ${domain.uuid} of ${domain.name}: there is no configuration to start the domain from`,
        ),
      ];

/** A migration changes both hosts. */
const managed: Check<Transfer> = ({ source, target }) =>
  [source, target].flatMap(({ name, spec }) =>
    spec.management === "Manage" ? passed : [problem("ObserveOnly", observeOnlyMessage(refTo("XenHost", "", name)))],
  );

const hostsReady: Check<Transfer> = ({ source, target }) =>
  [source, target].flatMap(({ name, ready }) =>
    ready.status === "True"
      ? []
      : [problem("HostNotReady", `${name} is not Ready (${ready.reason}: ${ready.message})`)],
  );

const cordon: Check<Transfer> = ({ target: { name, spec } }) =>
  spec.maintenance === "None"
    ? passed
    : [problem("TargetCordoned", `spec.maintenance of XenHost ${name} is ${spec.maintenance}`)];

const hostAllowed: Check<Transfer> = ({ domain, target }) =>
  domain.hosts === undefined || domain.hosts.includes(target.name)
    ? passed
    : [
        problem(
          "TargetNotAllowed",
          `XenDomain ${domain.name} may run only on ${domain.hosts.join(", ")}, not on ${target.name}`,
        ),
      ];

const relocationAllowed: Check<Transfer> = ({ mode, source, target }) => {
  if (mode === "Offline") return passed;
  const { relocation } = target.spec;
  const allowed =
    relocation.mode === "Enabled" && relocation.allowedSourceHostRefs.some(({ name }) => name === source.name);
  if (!allowed)
    return [
      problem(
        "RelocationNotAllowed",
        `spec.relocation of XenHost ${target.name} does not allow domains from ${source.name}`,
      ),
    ];
  const { status, reason, message } = target.relocationReady;
  return status === "True"
    ? passed
    : [problem("RelocationNotReady", `RelocationReady of ${target.name} is ${status} (${reason}: ${message})`)];
};

const domainRuns: Check<Known> = ({ domain: { name, state }, source }) => {
  const odd = ["s", "d", "p"].find((letter) => state.includes(letter));
  const words: Record<string, string> = { s: "is shut down or suspended", d: "is being destroyed", p: "is paused" };
  return odd === undefined ? passed : [problem("DomainNotRunning", `${name} ${words[odd]} on ${source.name}`)];
};

const domainsOf = (facts: HostFacts) => (facts.domains.state === "known" ? facts.domains.value.domains : []);

const alreadyThere: Check<Known> = ({ domain, target, to }) => {
  const copy = domainsOf(to).find(({ uuid }) => uuid === domain.uuid);
  return copy === undefined
    ? passed
    : [
        problem(
          "AlreadyThere",
          `${target.name} has ${copy.name} (id ${copy.id}, ${stateText(copy.state)}) with the UUID of ${domain.name}`,
        ),
      ];
};

const nameFree: Check<Known> = ({ domain, target, to }) => {
  const other = domainsOf(to).find(({ uuid, name }) => uuid !== domain.uuid && baseName(name) === domain.name);
  return other === undefined
    ? passed
    : [problem("NameOccupied", `${target.name} has another domain ${other.name} (id ${other.id}, ${other.uuid})`)];
};

const toolstacks: Check<Known> = ({ source, target, sourceStack, targetStack }) => {
  const none = [
    [source.name, sourceStack],
    [target.name, targetStack],
  ] as const;
  const missing = none.filter(([, stack]) => !stack.dom0 || stack.kind === "None").map(([name]) => name);
  if (missing.length > 0) return [problem("ToolstackDiffers", `Not a dom0 with a toolstack: ${missing.join(", ")}`)];
  return sourceStack.kind === targetStack.kind
    ? passed
    : [problem("ToolstackDiffers", `${source.name} has ${sourceStack.kind}, ${target.name} has ${targetStack.kind}`)];
};

/** The results of `xl info` on both hosts; without them the checks that need them cannot be done. */
function informed({
  source,
  target,
  sourceStack,
  targetStack,
}: Known): { from: XenInfo; to: XenInfo } | readonly Problem[] {
  const [from, to] = [sourceStack.info, targetStack.info];
  if (from !== undefined && to !== undefined) return { from, to };
  // xend of 2010 reports it in another form.
  if (sourceStack.kind === "xm") return passed;
  const silent = [...(from === undefined ? [source.name] : []), ...(to === undefined ? [target.name] : [])];
  return [problem("HostUnknown", `xl info of ${silent.join(", ")} did not report version, memory and CPU`)];
}

const withInfo =
  (check: (move: Known, info: { from: XenInfo; to: XenInfo }) => readonly Problem[], first = false): Check<Known> =>
  (move) => {
    const info = informed(move);
    if ("from" in info) return check(move, info);
    return first ? info : passed;
  };

/**
 * Besides its own memory a domain needs some of Xen's: a MiB per virtual CPU and eight KiB for page tables per MiB that
 * it may have (libxl_get_required_shadow_memory), and a little for the rest.
 */
export const neededMiB = ({
  memoryMiB,
  maxMemoryMiB = memoryMiB,
  vcpus,
}: Pick<Traveller, "memoryMiB" | "maxMemoryMiB" | "vcpus">): number =>
  memoryMiB + vcpus + Math.ceil(Math.max(memoryMiB, maxMemoryMiB) / 128) + 4;

const memory: Check<Known> = withInfo(({ domain, target, targetStack }) => {
  const needed = neededMiB(domain);
  const shortage = memoryShortage(targetStack, needed);
  if (shortage === undefined) return passed;
  const { free, remedy } = shortage;
  const message = `${target.name} has ${free} MiB free, ${domain.name} needs ${needed} MiB${remedy}`;
  return [problem("NotEnoughMemory", message)];
}, true);

/** The way around checks that only a live migration needs. */
const offline =
  "a XenMigration of its XenDomain with mode Offline shuts the domain down and starts it on the target, and does not need this";

const versions: Check<Known> = withInfo(({ source, target }, { from, to }) => {
  const fits = from.major === to.major && (to.minor === from.minor || to.minor === from.minor + 1);
  const text = ({ major, minor }: XenInfo) => `${major}.${minor}`;
  return fits
    ? passed
    : [
        problem(
          "XenVersionDiffers",
          `${target.name} runs Xen ${text(to)}, ${source.name} runs ${text(from)}: the target must run the same or the next version; ${offline}`,
        ),
      ];
});

const cpuFeatures: Check<Known> = withInfo(({ source, target }, { from, to }) => {
  const missing = missingFeatures(from, to);
  return missing.length === 0
    ? passed
    : [
        problem(
          "CpuFeaturesMissing",
          `The CPU of ${target.name} lacks features of ${source.name} (${missing.join(", ")}); ${offline}`,
        ),
      ];
});

const shadowPaging: Check<Known> = withInfo(({ domain, source }, { from }) =>
  domain.type !== "PV" || from.virtualisation.includes("shadow")
    ? passed
    : [
        problem(
          "ShadowPagingMissing",
          `${domain.name} is a PV guest, and Xen on ${source.name} is built without shadow paging (virt_caps ${from.virtualisation.join(" ")}); ${offline}`,
        ),
      ],
);

const processors: Check<Known> = ({ domain, target, targetStack }) => {
  const missing = processorProblem(domain.cpus, targetStack.info);
  return missing === undefined
    ? passed
    : [problem("CpusMissing", `${domain.name} cannot run on ${target.name}: ${missing}`)];
};

const bridges: Check<Known> = ({ domain, target, targetStack }) => {
  const { bridges: there, ovsBridges = [] } = targetStack;
  const lacks = (of: string, wanted: readonly string[], known: readonly string[]) => {
    const missing = wanted.filter((name) => !known.includes(name));
    if (missing.length === 0) return [];
    const message = `${target.name} has no bridge ${missing.join(", ")}${of}; it has ${known.join(", ") || "none"}`;
    return [problem("BridgesMissing", message)];
  };
  const open = (domain.ovsBridges ?? []).map((name) => name.replace(/\..*$/, ""));
  return [...lacks("", domain.bridges ?? [], there), ...lacks(" of Open vSwitch", [...new Set(open)], ovsBridges)];
};

/** The owner of the target decides what domains may use there, wherever they come from. */
const bounds: Check<Known> = ({ domain, target: { name, spec } }) => {
  const outside = (texts: readonly string[] | undefined, globs: readonly string[]) =>
    (texts ?? []).filter((text) => !globs.some((glob) => globMatches(glob, text)));
  const { bridges: allowedBridges, bootFiles: allowedBootFiles } = spec.allowed;
  const [wrongBridges, wrongFiles] = [
    outside([...(domain.bridges ?? []), ...(domain.ovsBridges ?? [])], allowedBridges),
    outside(domain.bootFiles, allowedBootFiles),
  ];
  const wrongSettings = settingsOutside(domain.settings ?? [], spec.allowed.settings);
  const listed = (texts: readonly string[]) => texts.join(", ") || "none";
  return [
    ...(wrongBridges.length === 0
      ? []
      : [
          problem(
            "BridgeOutsideBounds",
            `allowed.bridges of ${name} (${listed(allowedBridges)}) does not list ${listed(wrongBridges)}, to which ${domain.name} is connected; add ${listed(wrongBridges)} to allow this`,
          ),
        ]),
    ...(wrongFiles.length === 0
      ? []
      : [
          problem(
            "BootFileOutsideBounds",
            `allowed.bootFiles of ${name} (${listed(allowedBootFiles)}) does not list ${listed(wrongFiles)}, from which ${domain.name} boots`,
          ),
        ]),
    ...(wrongSettings.length === 0
      ? []
      : [
          problem(
            "SettingOutsideBounds",
            `allowed.settings of ${name} (${listed(spec.allowed.settings)}) does not list ${listed(wrongSettings)} of ${domain.name}; add ${listed(wrongSettings)} to allow this`,
          ),
        ]),
  ];
};

/**
 * Which disks a bare domain has is known on its host only, where start-migration checks each. Here every shared file
 * system on the source must be on the target.
 */
const filesystems: Check<Known> = ({ domain, source, target, from, to }) => {
  const [here, there] = [sharedMounts(from), sharedMounts(to)];
  const wanted = domain.filesystems ?? [...here].map(([mountPoint, uuid]) => ({ mountPoint, uuid }));
  return wanted.flatMap(({ mountPoint, uuid }) => {
    const sides = [
      [source.name, here],
      [target.name, there],
    ] as const;
    const wrong = sides.flatMap(([host, mounts]) => {
      if (!mounts.has(mountPoint)) return [`is not mounted on ${host}`];
      const found = mounts.get(mountPoint);
      if (found === undefined) return [`on ${host} cannot be distinguished from others`];
      return uuid === undefined || found === uuid ? [] : [`on ${host} is another file system (${found})`];
    });
    const [first, second] = [here.get(mountPoint), there.get(mountPoint)];
    if (wrong.length === 0 && first !== second)
      wrong.push(`is ${first} on ${source.name} and ${second} on ${target.name}`);
    return wrong.length === 0
      ? []
      : [problem("FilesystemNotShared", `The file system at ${mountPoint} ${wrong.join(" and ")}`)];
  });
};

const images: Check<Known> = ({ domain, source, target, from, to }) =>
  imageProblems(domain, [
    { name: source.name, facts: from },
    { name: target.name, facts: to },
  ]);

const ownership: Check<Known> = ({ domain, source, target, from, to }) => [
  ...ownershipProblems(domain, { name: source.name, facts: from }, source.spec.allowed.domains),
  ...configuredForAnother(domain, { name: target.name, facts: to }),
];

/** A host that was dead while a XenDomain was deleted still has its configuration, also for a successor's UUID. */
function configuredForAnother(
  { uuid, owner }: Traveller,
  { name, facts }: { name: string; facts: HostFacts },
): Problem[] {
  const { domainConfigurations } = facts;
  if (owner === undefined || domainConfigurations.state !== "known") return [];
  const mark = domainConfigurations.value.find((one) => one.uuid === uuid)?.owner;
  if (mark === undefined || markedName(mark) === owner) return [];
  return [problem("DomainTaken", `On ${name} ${configurationOf(uuid, mark)}`)];
}

/** Each failed check as `Reason: message`, for a condition. */
export function describeProblems(problems: readonly Problem[]): string {
  const [only] = problems;
  if (only !== undefined && problems.length === 1) return only.message;
  return problems.map(({ reason, message }) => `${reason}: ${message}`).join("; ");
}
