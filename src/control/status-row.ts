/** The lines of a status. */

/** Formats a line of a status: a name and a value. */
export function statusRow(name: string, value: string): string {
  return `  ${name.padEnd(12)} ${value}`;
}

/** The state of the data, as a status says it. */
export interface DataReadings {
  readonly bytes: number;
  /** Writes that are not answered yet. */
  readonly queued: number;
  readonly isTakingWrites: boolean;
}

/** Formats the line about the data of a server. */
export function dataRow({ bytes, queued, isTakingWrites }: DataReadings): string {
  return statusRow('data', `${bytes} bytes, ${queued} writes wait${isTakingWrites ? '' : '; it takes no writes'}`);
}
