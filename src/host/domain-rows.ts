/** Whether an unreadable row of the list of domains may be about this domain: the row shows its UUID, or none. */
export const concerns =
  (uuid: string) =>
  (row: string): boolean => {
    const shown = row.toLowerCase();
    return shown.includes(uuid) || !/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.test(shown);
  };
