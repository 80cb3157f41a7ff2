/** The server's log: one record for each thing that an operator may want to look up, on stderr. */
import { configure, getJsonLinesFormatter, getLogger, getTextFormatter, type LogRecord } from '@logtape/logtape';

/** How much is logged, most first. */
export const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Writes records; the details become properties of the record. */
export interface Log {
  /** What only someone looking for a fault wants to read. */
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** What happens in the ordinary run of things. */
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** What an operator should look at when there is time. */
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** What keeps the server from doing its work. */
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

const textFormatter = getTextFormatter({
  timestamp: 'time',
  category: () => '',
  format: ({ timestamp, level, message, record }) => {
    const details = Object.entries(record.properties).map(([key, value]) => `${key}=${formatValue(value)}`);
    return [timestamp ?? '', level, message, ...details].join(' ').trimEnd();
  },
});

/** One word, or a JSON string: what a peer said must not be able to look like another record. */
function formatValue(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.stack ?? value.message);
  if (typeof value === 'string') return /^[\w.:@/#*-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

/**
 * Sets the log up for the process and gives the server's own.
 *
 * @param write - takes each record as one line
 */
export async function openLog(level: LogLevel, format: LogFormat, write: (line: string) => void): Promise<Log> {
  const formatter = format === 'json' ? getJsonLinesFormatter({ properties: 'flatten' }) : textFormatter;
  await configure({
    reset: true,
    sinks: {
      lines: (record: LogRecord) => {
        write(`${formatter(record).trimEnd()}\n`);
      },
    },
    loggers: [
      { category: ['fdmux'], sinks: ['lines'], lowestLevel: level },
      { category: ['logtape', 'meta'], sinks: ['lines'], lowestLevel: 'error' },
    ],
  });
  return getLogger(['fdmux', 'server']);
}
