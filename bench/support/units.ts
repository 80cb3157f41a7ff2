/** The unit that a question counts, by the mode of its load. */
export interface Unit {
  readonly one: string;
  readonly many: string;
}

const UNITS: Readonly<Record<string, Unit>> = {
  sink: { one: 'MiB', many: 'MiB' },
  through: { one: 'MiB', many: 'MiB' },
  fanout: { one: 'delivery', many: 'deliveries' },
  accept: { one: 'connection', many: 'connections' },
  datagrams: { one: 'datagram', many: 'datagrams' },
  pings: { one: 'datagram', many: 'datagrams' },
  bursts: { one: 'datagram', many: 'datagrams' },
  received: { one: 'datagram', many: 'datagrams' },
};

export function unitOf({ mode = '' }: Readonly<Record<string, string | number>>): Unit {
  return UNITS[mode] ?? { one: 'message', many: 'messages' };
}
