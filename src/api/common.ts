/** The API group of every kind; labels, annotations and finalizers begin with it. */
export const group = "xensan.dev";
/** The only served version of the kinds. */
export const version = "v1alpha1";
/** `GROUP/VERSION`, as in manifests. */
export const apiVersion = `${group}/${version}`;
/** `kubectl get xensan` lists the objects of every kind. */
export const category = "xensan";

/** The command that installs the CustomResourceDefinitions, or brings them to the release of the directory. */
export const applyDefinitions = "kubectl apply --server-side --force-conflicts -f crds/";

/** Annotations that xensan reads. */
export const annotations = {
  /** "true", or anything but "false", "no", "off" and "0": change nothing on hosts for this object. */
  paused: `${group}/paused`,
  /** Any new value: probe the hosts now. */
  reconcileAt: `${group}/reconcile-at`,
  /** "true", or anything but "false", "no", "off" and "0": write the plan to status.plan and run none of it. */
  dryRun: `${group}/dry-run`,
  /** The object's own name: removes a deleted object without its clean-up. */
  abandon: `${group}/abandon`,
  /**
   * `DestroySource:OPERATION`: this operation of a migration may give up the suspended copy of a domain that cannot be
   * resumed.
   * `FormatElsewhere:UUID`: the host that was chosen for this format is off for good, so another may be chosen.
   * `ReplaceBacking:IDENTITY`: another backing may take the place of the recorded one.
   * `ReplaceImage:INODE BIRTH PATH`: another file may take the place of this image of a domain.
   * `Machine:ID`: this machine replaces the recorded one.
   * `Claim:CLUSTER NAMESPACE/NAME`: this object takes over the machine that the named object had claimed.
   */
  approve: `${group}/approve`,
  /**
   * On a XenHost, the boot id of its status: this machine is off, dead or taken away, and nothing that ran there since
   * that boot still runs. Has no effect while another node sees its heartbeat, or once it answers.
   */
  forget: `${group}/forget`,
} as const;
/**
 * Whether a yes-or-no annotation says yes. Anything that is not clearly a no counts as a yes: both annotations of this
 * kind keep xensan from acting.
 */
export const isSet = (value: string | undefined): boolean =>
  value !== undefined && !["false", "no", "off", "0"].includes(value.trim().toLowerCase());
/** Keeps a deleted object until everything that it made on hosts is removed. */
export const finalizer = `${group}/cleanup`;
/**
 * Keeps a Secret while an AoeServer or XenHost of its namespace names it: without it their hosts cannot be cleaned up.
 */
export const secretFinalizer = `${group}/in-use`;
