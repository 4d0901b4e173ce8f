import type { Responder } from "../script.ts";
import { claimMachine } from "./claim-machine.ts";
import { clusterOnline } from "./cluster-online.ts";
import { configureCluster, removeCluster } from "./configure-cluster.ts";
import { startDomain, stopDomain, takeDomainLock } from "./domain.ts";
import { removeDomainConfiguration, writeDomainConfiguration } from "./domain-configuration.ts";
import { ensureExport, removeExport } from "./export.ts";
import { deleteFile, ensureFile } from "./file.ts";
import { formatFilesystem } from "./format-filesystem.ts";
import { deleteImage, ensureImage } from "./image.ts";
import { discover, prepareInitiator, revalidate } from "./initiator.ts";
import { interfaceUp } from "./interface-up.ts";
import { endLease, holdLease } from "./lease.ts";
import { deleteLogicalVolume, ensureLogicalVolume } from "./logical-volume.ts";
import { abortMigration, awaitMigration, recordMigration, settleMigration, startMigration } from "./migration.ts";
import { mountFilesystem, unmountFilesystem } from "./mount-filesystem.ts";
import { installPackages } from "./packages.ts";
import { probe, probeRunning } from "./probe.ts";
import { readConfiguration } from "./read-configuration.ts";
import { prepareRelocation, verifyRelocation } from "./relocation.ts";
import { configureXend, prepareToolstack } from "./toolstack.ts";
import { addNodeSlots, growFilesystem } from "./tune-filesystem.ts";

/** The responder of each script of src/host/scripts. */
export const responders: ReadonlyMap<string, Responder> = new Map([
  ["probe", probe],
  ["probe-running", probeRunning],
  ["read-configuration", readConfiguration],
  ["claim-machine", claimMachine],
  ["install-packages", installPackages],
  ["interface-up", interfaceUp],
  ["ensure-file", ensureFile],
  ["delete-file", deleteFile],
  ["ensure-logical-volume", ensureLogicalVolume],
  ["delete-logical-volume", deleteLogicalVolume],
  ["ensure-export", ensureExport],
  ["remove-export", removeExport],
  ["prepare-initiator", prepareInitiator],
  ["discover", discover],
  ["revalidate", revalidate],
  ["configure-cluster", configureCluster],
  ["cluster-online", clusterOnline],
  ["remove-cluster", removeCluster],
  ["format-filesystem", formatFilesystem],
  ["mount-filesystem", mountFilesystem],
  ["unmount-filesystem", unmountFilesystem],
  ["grow-filesystem", growFilesystem],
  ["add-node-slots", addNodeSlots],
  ["prepare-toolstack", prepareToolstack],
  ["configure-xend", configureXend],
  ["prepare-relocation", prepareRelocation],
  ["verify-relocation", verifyRelocation],
  ["ensure-image", ensureImage],
  ["delete-image", deleteImage],
  ["write-domain-configuration", writeDomainConfiguration],
  ["remove-domain-configuration", removeDomainConfiguration],
  ["start-domain", startDomain],
  ["stop-domain", stopDomain],
  ["take-domain-lock", takeDomainLock],
  ["hold-lease", holdLease],
  ["end-lease", endLease],
  ["record-migration", recordMigration],
  ["start-migration", startMigration],
  ["await-migration", awaitMigration],
  ["abort-migration", abortMigration],
  ["settle-migration", settleMigration],
]);
