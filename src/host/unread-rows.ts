const uuidForm = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/**
 * Whether an unreadable row of the list of domains may be about this domain: the row shows its UUID, or none. By a name
 * alone, no row can be ruled out.
 */
export const concernsDomain =
  (uuidOrName: string) =>
  (row: string): boolean => {
    const [wanted, shown] = [uuidOrName.toLowerCase(), row.toLowerCase()];
    return !uuidForm.test(wanted) || shown.includes(wanted) || !uuidForm.test(shown);
  };

/**
 * Whether a row that is missing from the AoE devices may be about a device that was asked for or is in use: it is not if
 * the host tells of no more devices that are neither.
 */
export const concernsUsedDevice = (row: string): boolean => row !== "others";

/** Whether an unreadable row of the AoE devices may be about the device of this address: it shows this name, or none. */
export const concernsDevice =
  ({ shelf, slot }: { readonly shelf: number; readonly slot: number }) =>
  (row: string): boolean => {
    if (!concernsUsedDevice(row)) return false;
    const name = /^(?:device|user) (e[0-9]+\.[0-9]+)( |$)/.exec(row)?.[1];
    return name === undefined || name === `e${shelf}.${slot}`;
  };
