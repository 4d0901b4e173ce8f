import { z } from "zod";
import { endedApprovalSchema } from "./common-status.ts";
import { conditionsSchema, timeSchema } from "./conditions.ts";
import { atomicListOf, atomicObject } from "./lists.ts";
import { planSchema } from "./plan-step.ts";
import { seenSizeSchema } from "./quantity.ts";

const interfaceSchema = z.object({
  name: z.string().max(32).describe("Name of the network interface."),
  mac: z.string().max(32).optional().describe("MAC address."),
  mtu: z.int32().optional().describe("Largest packet, in bytes."),
  link: z.string().max(16).optional().describe("Up, Down or NoCarrier."),
});

const blockDeviceSchema = z.object({
  path: z.string().max(512).describe("Path of the device."),
  size: seenSizeSchema.describe("Size of the device."),
  type: z.string().max(32).optional().describe("Type, as reported by lsblk: disk, part, lvm, loop, crypt, …"),
  signature: z.string().max(64).optional().describe("File system or other signature found on it."),
  mountPoint: z.string().max(512).optional().describe("One of its mount points."),
});

/** Facts about a host, limited in size. Shared by AoeServer and XenHost. */
export const hostFactsStatusSchema = atomicObject(
  z.object({
    hostname: z.string().max(253).optional().describe("Name of the host, as reported by uname."),
    machineID: z.string().max(64).optional().describe("Content of /etc/machine-id."),
    bootID: z.string().max(64).optional().describe("Changes with every boot of the host."),
    os: z.string().max(253).optional().describe("Operating system, from /etc/os-release."),
    kernel: z.string().max(253).optional().describe("Release of the running kernel."),
    initSystem: z.string().max(32).optional().describe("Init system of the host."),
    vbladeVersion: z.string().max(64).optional().describe("Version of the package vblade."),
    aoetoolsVersion: z.string().max(64).optional().describe("Version of the package aoetools."),
    xenVersion: z.string().max(64).optional().describe("Version of the package with the toolstack."),
    interfaces: atomicListOf(interfaceSchema, { max: 64 }).optional().describe("Network interfaces, at most 64."),
    blockDevices: atomicListOf(blockDeviceSchema, { max: 128 }).optional().describe("Block devices, at most 128."),
  }),
).describe("Facts from the last probe of the host.");

/** `status.lastProbeTime` is at most this many seconds older than the last probe. */
export const probeTimeBoundSeconds = 900;

/** The part of `status` that AoeServer and XenHost share: key, machine, boot, last probe. */
export const hostStatusSchema = z.object({
  observedGeneration: z.int().optional().describe("metadata.generation of the spec this status belongs to."),
  conditions: conditionsSchema.optional(),
  hostKey: z.string().max(2048).optional().describe("The host key recorded under TrustOnFirstUse."),
  machineID: z
    .string()
    .max(64)
    .optional()
    .describe("The machine-id recorded at the first probe. xensan changes nothing on a machine with another one."),
  endedApproval: endedApprovalSchema,
  lastProbeTime: timeSchema
    .optional()
    .describe(
      `When the last successful probe of the host began. While nothing else changes, it is written only every ${probeTimeBoundSeconds / 60} minutes, so it lags by at most that much; the metric xensan_probe_age_seconds is exact.`,
    ),
  facts: hostFactsStatusSchema.optional(),
  plan: planSchema.optional(),
});
/** Facts about a host in its status: name, boot, system, network interfaces, disks. */
export type HostFactsStatus = z.infer<typeof hostFactsStatusSchema>;
/** The part of the status that AoeServer and XenHost share. */
export type HostStatus = z.infer<typeof hostStatusSchema>;
