import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { z } from "zod";
import { createDialer } from "../../ssh/dialer.ts";
import { type Command, type Option, UsageError } from "../command.ts";
import { typed } from "../parse-options.ts";
import { writeFiles } from "../write-files.ts";
import { parseAddress } from "./address.ts";
import { filesOf } from "./files.ts";
import { draftRack } from "./rack.ts";
import { survey } from "./survey.ts";

const passphraseVariable = "XENSAN_IDENTITY_PASSPHRASE";

const options: readonly Option[] = [
  { name: "san", placeholder: "ADDRESS", repeat: true, help: "A host that exports disks: [USER@]HOST[:PORT]." },
  { name: "host", placeholder: "ADDRESS", repeat: true, help: "A dom0: [USER@]HOST[:PORT]." },
  {
    name: "identity",
    short: "i",
    placeholder: "FILE",
    help: `File with the private SSH key. Its passphrase is read from ${passphraseVariable}.`,
  },
  {
    name: "known-hosts",
    placeholder: "FILE",
    fallback: "~/.ssh/known_hosts",
    help: "File with the public keys of the hosts, as ssh-keyscan prints them. They are written into the manifests.",
  },
  {
    name: "namespace",
    short: "n",
    placeholder: "NAME",
    fallback: "default",
    accepts: "the name of a namespace",
    help: "Namespace of the objects.",
  },
  {
    name: "secret",
    placeholder: "NAME",
    fallback: "rack-ssh",
    accepts: "the name of a Secret",
    help: "Name of the Secret with the key, for the manifests. The Secret itself is not written.",
  },
  {
    name: "output",
    short: "o",
    placeholder: "DIRECTORY|-",
    fallback: "-",
    help: "Directory for the files, one for each kind and a kustomization.yaml; existing files are not replaced. - prints them to standard output.",
  },
];
const label = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const schema = z.object({
  san: z.array(z.string()),
  host: z.array(z.string()),
  identity: z.string().optional(),
  "known-hosts": z.string(),
  namespace: label,
  secret: z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/),
  output: z.string().min(1),
});

/** `xensan import`: writes manifests for an existing rack. */
export const importRack: Command = {
  name: "import",
  description:
    'Reads SAN servers and dom0s over SSH, changes nothing on them, and writes manifests for the exports, dom0s, OCFS2 clusters with their file systems, and domains that it finds, with the UUIDs of the domains. It finds domains that run or have a file in /etc/xen, /etc/xen/auto or on a shared file system. Settings that cannot be declared are listed line by line, as a comment "not imported" in the file and on standard error. Every AoeServer and XenHost has management: Observe: the manifests change nothing on the hosts when they are applied, and status.plan of each object shows what would change with Manage. No Kubernetes cluster is contacted.',
  exitCodes: { 1: "failed, or a host could not be read; the other hosts are imported anyway" },
  options,
  async run(values, io) {
    const given = typed(schema, options, values);
    const sans = given.san.map((text) => parseAddress("san", text));
    const dom0s = given.host.map((text) => parseAddress("host", text));
    if (sans.length + dom0s.length === 0) throw new UsageError("--san and --host are missing: name at least one host");
    if (given.identity === undefined) throw new UsageError("--identity is missing: --identity FILE");
    const privateKey = await read("identity", given.identity);
    const knownHosts = await read("known-hosts", given["known-hosts"]);
    const dialer = createDialer({ allow: "Any" });
    try {
      const passphrase = io.env[passphraseVariable];
      const request = { sans, dom0s, privateKey, passphrase, knownHosts, signal: io.signal };
      const { rack, unseen } = await survey(dialer, request);
      const drafts = draftRack(rack, given.secret);
      const files = filesOf(drafts, given.namespace);
      if (given.output === "-") {
        for (const [name, text] of files) if (name !== "kustomization.yaml") io.stdout.write(text);
      } else await writeFiles(given.output, files);
      for (const line of unseen) io.stderr.write(`not probed: ${line}\n`);
      for (const line of drafts.flatMap(({ notImported }) => notImported)) io.stderr.write(`not imported: ${line}\n`);
      const count = drafts.filter(({ spec }) => spec !== undefined).length;
      io.stderr.write(
        `${count} objects of ${rack.sans.length + rack.dom0s.length} hosts${given.output === "-" ? "" : ` in ${given.output}`}. The Secret with the key: kubectl create secret generic ${given.secret} -n ${given.namespace} --type kubernetes.io/ssh-auth --from-file ssh-privatekey=${given.identity}\n`,
      );
      return unseen.length === 0 ? 0 : 1;
    } finally {
      await dialer.close();
    }
  },
};

async function read(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file.replace(/^~(?=\/)/, homedir()), "utf8");
  } catch (error) {
    throw new UsageError(
      `--${flag} is ${JSON.stringify(file)}, which cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
