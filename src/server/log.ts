/** The server's log on stderr: one record for each event that an operator may want to look up. */
import { configureSync, getJsonLinesFormatter, getLogger, getTextFormatter, type LogRecord } from '@logtape/logtape';
import { escapeUnsafe } from './escape-unsafe.js';
import type { LogFormat, LogLevel } from './log-levels.js';
import type { LogSink } from './log-sink.js';

/** Writes records; the details become properties of the record. */
export interface Log {
  /** For debugging only. */
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** Ordinary events. */
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** Events that an operator should look at when there is time. */
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** Errors that keep the server from working. */
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** Writes nothing. */
export const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const textFormatter = getTextFormatter({
  timestamp: 'rfc3339',
  category: () => '',
  format: ({ timestamp, level, message, record }) => {
    const details = Object.entries(record.properties).map(([key, value]) => `${key}=${formatValue(value)}`);
    return [timestamp ?? '', level, message, ...details].join(' ').trimEnd();
  },
});

/** Returns one word, or a JSON string: a value must not be able to look like another record. */
function formatValue(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.stack ?? value.message);
  if (typeof value === 'string') return /^[\w.:@/#*-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

/** How much is logged, and in which form. */
export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** The category of all that the server logs. */
const CATEGORY = ['fdmux', 'server'];

/**
 * Returns the server's log. {@link configureLog} decides what becomes of its records.
 *
 * @param worker - the name of this process among several whose records go to one place; each has it
 */
export function openLog(worker?: string): Log {
  const log = getLogger(CATEGORY);
  return worker === undefined ? log : log.with({ worker });
}

/** Sets up logging for the process, or changes how it is set up. */
export function configureLog({ level, format }: LogSettings, sink: LogSink): void {
  const formatter = format === 'json' ? getJsonLinesFormatter({ properties: 'flatten' }) : textFormatter;
  const formatLine = (record: LogRecord): string => `${escapeUnsafe(formatter(record).trimEnd())}\n`;
  sink.formatLoss = (count) => {
    const message = 'log records dropped';
    const properties = { count };
    return formatLine({
      category: CATEGORY,
      level: 'warning',
      message: [message],
      rawMessage: message,
      timestamp: Date.now(),
      properties,
    });
  };
  configureSync({
    reset: true,
    sinks: {
      lines: (record: LogRecord) => {
        sink.write(formatLine(record));
      },
    },
    loggers: [
      { category: ['fdmux'], sinks: ['lines'], lowestLevel: level },
      { category: ['logtape', 'meta'], sinks: ['lines'], lowestLevel: 'error' },
    ],
  });
}
