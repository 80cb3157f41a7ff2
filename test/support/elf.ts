import { readFileSync } from 'node:fs';

/** The parts of a shared object that matter to the loader: elf(5), for 64-bit little-endian files of any processor. */
export interface SharedObject {
  readonly machine: 'x64' | 'arm64' | `machine ${number}`;
  /** The libraries that it names (DT_NEEDED). */
  readonly needed: readonly string[];
  /** The functions and objects that it offers to others. */
  readonly exported: readonly string[];
  /** The symbol versions that it asks of its libraries ('GLIBC_2.17'). */
  readonly requiredVersions: readonly string[];
  /** Whether it stays mapped after dlclose(3) (DF_1_NODELETE). */
  readonly staysLoaded: boolean;
  /** Whether all symbols are bound when it is loaded (DF_1_NOW). */
  readonly bindsNow: boolean;
  /** Whether debugging data and the full symbol table are gone. */
  readonly isStripped: boolean;
}

const SHT_SYMTAB = 2;
const SHT_DYNAMIC = 6;
const SHT_DYNSYM = 11;
const SHT_GNU_VERNEED = 0x6ffffffe;
const DT_NEEDED = 1n;
const DT_FLAGS_1 = 0x6ffffffbn;
const DF_1_NOW = 0x1n;
const DF_1_NODELETE = 0x8n;

/** Reads a shared object. */
export function readSharedObject(path: string): SharedObject {
  const file = readFileSync(path);
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) throw new Error(`${path}: not ELF64 LE`);
  const sections = readSections(file);
  const dynamic = readDynamic(file, sections);
  const flags = dynamic.entries.find(({ tag }) => tag === DT_FLAGS_1)?.value ?? 0n;
  return {
    machine: machineName(file.readUInt16LE(18)),
    needed: dynamic.entries.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => dynamic.text(Number(value))),
    exported: readExported(file, sections),
    requiredVersions: readRequiredVersions(file, sections),
    staysLoaded: (flags & DF_1_NODELETE) !== 0n,
    bindsNow: (flags & DF_1_NOW) !== 0n,
    isStripped: !sections.some(({ type }) => type === SHT_SYMTAB),
  };
}

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  /** The section with its strings, for those that have one. */
  readonly link: number;
}

function readSections(file: Buffer): Section[] {
  const start = Number(file.readBigUInt64LE(0x28));
  const entrySize = file.readUInt16LE(0x3a);
  return Array.from({ length: file.readUInt16LE(0x3c) }, (_, index) => {
    const at = start + index * entrySize;
    return {
      type: file.readUInt32LE(at + 4),
      offset: Number(file.readBigUInt64LE(at + 0x18)),
      size: Number(file.readBigUInt64LE(at + 0x20)),
      link: file.readUInt32LE(at + 0x28),
    };
  });
}

/** The first section of a type, with the reader of its strings. */
function find(file: Buffer, sections: readonly Section[], type: number) {
  const section = sections.find((candidate) => candidate.type === type);
  const strings = section === undefined ? undefined : sections[section.link];
  if (section === undefined || strings === undefined) return undefined;
  const text = (offset: number): string => {
    const from = strings.offset + offset;
    return file.toString('latin1', from, file.indexOf(0, from));
  };
  return { section, text };
}

function readDynamic(file: Buffer, sections: readonly Section[]) {
  const found = find(file, sections, SHT_DYNAMIC);
  if (found === undefined) throw new Error('no dynamic section');
  const entries = Array.from({ length: found.section.size / 16 }, (_, index) => {
    const at = found.section.offset + index * 16;
    return { tag: file.readBigInt64LE(at), value: file.readBigUInt64LE(at + 8) };
  });
  return { entries, text: found.text };
}

function readExported(file: Buffer, sections: readonly Section[]): string[] {
  const found = find(file, sections, SHT_DYNSYM);
  if (found === undefined) return [];
  const names: string[] = [];
  for (let at = found.section.offset; at < found.section.offset + found.section.size; at += 24) {
    const isDefined = file.readUInt16LE(at + 6) !== 0;
    const isLocal = file.readUInt8(at + 4) >> 4 === 0;
    const isHidden = (file.readUInt8(at + 5) & 3) !== 0;
    if (isDefined && !isLocal && !isHidden) names.push(found.text(file.readUInt32LE(at)));
  }
  return names.sort();
}

function readRequiredVersions(file: Buffer, sections: readonly Section[]): string[] {
  const found = find(file, sections, SHT_GNU_VERNEED);
  const versions: string[] = [];
  for (let at = found?.section.offset ?? 0, more = found !== undefined; found !== undefined && more;) {
    let aux = at + file.readUInt32LE(at + 8);
    for (let left = file.readUInt16LE(at + 2); left > 0; left--) {
      versions.push(found.text(file.readUInt32LE(aux + 8)));
      aux += file.readUInt32LE(aux + 12);
    }
    const next = file.readUInt32LE(at + 12);
    more = next !== 0;
    at += next;
  }
  return versions;
}

function machineName(number: number): SharedObject['machine'] {
  if (number === 62) return 'x64';
  return number === 183 ? 'arm64' : `machine ${number}`;
}
