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
  /** The fields of the status that the plan needs: they are stored nowhere else. */
  readonly recorded: Pick<AoeVolumeStatus, "server" | "size" | "clients" | "backing" | "formerUIDs">;
  /** What a person has approved for the object. */
  readonly approved: string | undefined;
  readonly server: ObservedServer;
  /** Work of this volume on the server has not ended, or no probe has shown its effect yet. */
  readonly busy: boolean;
  /** The server has reported, since this process began, that the export is gone. */
  readonly removed: boolean;
  /** The clients of the spec in its order, then removed clients that may still hold the device. */
  readonly clients: readonly ObservedClient[];
  /** Every other XenHost that sees a device of this address. */
  readonly bystanders: readonly Bystander[];
  /** An older volume with the same address or backing. */
  readonly rival: Rival | undefined;
  /** Names of the Ocfs2Clusters that have a file system on it. */
  readonly clusters: readonly string[];
}

/** One host as one volume sees it. */
export interface ObservedHost {
  /** `XenHost bella` */
  readonly host: string;
  readonly view: HostView;
  /** The facts are younger than every spec that matters here. */
  readonly fresh: boolean;
  /** The host may be changed: its host key is recorded. */
  readonly trusted: boolean;
}

/** A host that is not a client. */
export interface Bystander extends ObservedHost {
  readonly ref: ObjectRef;
}

/** The AoeServer that the volume refers to. */
export type ObservedServer =
  | { readonly state: "NotFound"; readonly name: string }
  | { readonly state: "Invalid"; readonly name: string; readonly message: string }
  | (ObservedHost & {
      readonly state: "Found";
      readonly name: string;
      readonly spec: AoeServerSpec;
      /** It was not asked about the backing, because there are too many. */
      readonly leftOut: boolean;
    });

/** A XenHost that is or was a client of the volume. */
export type ObservedClient = { readonly name: string; readonly listed: boolean } & (
  | {
      readonly state: "NotFound";
      /** Why the machine may be running nevertheless. */
      readonly heard: string | undefined;
    }
  | { readonly state: "Invalid"; readonly message: string }
  | (ObservedHost & {
      readonly state: "Found";
      readonly spec: XenHostSpec;
      /** It has the same SSH endpoint or the same machine-id as the server. */
      readonly isServer: boolean;
    })
);

/** An older volume that wants the same address or backing. */
export interface Rival {
  /** `namespace/name` */
  readonly volume: string;
  readonly over: "Address" | "Backing";
  /** What both want, for messages. */
  readonly what: string;
}
