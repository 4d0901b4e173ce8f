import type { AoeServerSpec } from "../../api/aoe-server.ts";
import type { AoeVolumeSpec, AoeVolumeStatus } from "../../api/aoe-volume.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import type { Owner } from "../../host/values.ts";
import type { HostView } from "../hosts/view.ts";
import type { ObjectRef } from "../identity.ts";

/** Everything a volume's plan depends on, as plain data. */
export interface VolumeObservation {
  readonly owner: Owner;
  readonly spec: AoeVolumeSpec;
  /** What the status kept: the only memory there is. */
  readonly recorded: Pick<AoeVolumeStatus, "server" | "size" | "clients" | "backing">;
  /** What a person has approved on the object. */
  readonly approved: string | undefined;
  readonly server: ObservedServer;
  /** Work of this volume on the server that has not ended or not been looked at yet. */
  readonly busy: boolean;
  /** The server has said, since this process began, that the export is gone. */
  readonly removed: boolean;
  /** Those of the spec in its order, then those that were taken out of it and may still hold the device. */
  readonly clients: readonly ObservedClient[];
  /** Every other XenHost that knows a device of this address. */
  readonly bystanders: readonly Bystander[];
  /** An older volume that has the address or the backing. */
  readonly rival: Rival | undefined;
  /** Names of the Ocfs2Clusters that keep a file system on it. */
  readonly clusters: readonly string[];
}

/** One host through the eyes of one volume. */
export interface ObservedHost {
  /** `XenHost/bella` */
  readonly host: string;
  readonly view: HostView;
  /** The facts are younger than every spec that matters here. */
  readonly fresh: boolean;
  /** May be changed: its host key is one that somebody wrote down. */
  readonly trusted: boolean;
}

/** A host that is no client. */
export interface Bystander extends ObservedHost {
  readonly ref: ObjectRef;
}

/** The AoeServer that the volume names. */
export type ObservedServer =
  | { readonly state: "NotFound"; readonly name: string }
  | { readonly state: "Invalid"; readonly name: string; readonly message: string }
  | (ObservedHost & { readonly state: "Found"; readonly name: string; readonly spec: AoeServerSpec });

/** A XenHost that is or was a client of the volume. */
export type ObservedClient = { readonly name: string; readonly listed: boolean } & (
  | { readonly state: "NotFound" }
  | { readonly state: "Invalid"; readonly message: string }
  | (ObservedHost & {
      readonly state: "Found";
      readonly spec: XenHostSpec;
      /** The same SSH endpoint or the same machine id as the server's. */
      readonly isServer: boolean;
    })
);

/** An older volume that wants the same. */
export interface Rival {
  /** `namespace/name` */
  readonly volume: string;
  readonly over: "Address" | "Backing";
  /** What both want, in words. */
  readonly what: string;
}
