/**
 * An emulated machine in which a nanosecond is an instruction: a suite that runs in it measures instructions, of
 * programs and kernel alike, and gets the same figures whatever else the real machine does.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { INSIDE_GUEST } from './machine.js';
import { Refusal } from './refusal.js';
import { built, compile, root, runs } from './tools.js';

const EMULATOR = 'qemu-system-x86_64';
const INSTALL = 'apt-get install qemu-system-x86 linux-image-amd64 cpio libc6-dev';
/** The kernel modules that the guest needs to see this machine's files. */
const MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];
const MEMORY = '6G';

/** A kernel that is installed on this machine. */
interface Kernel {
  readonly image: string;
  /** The files of the modules, each after those that it needs. */
  readonly modules: readonly string[];
}

/**
 * Runs the suite that this process is in the guest, with the same arguments but `--instructions`.
 *
 * @param out - the folder in which the guest may write; null if it may not write anywhere
 * @returns the exit code of the suite
 * @throws {@link Refusal} if something that the guest needs is not installed
 */
export function runInGuest(out: string | null): number {
  const kernel = findKernel();
  if (kernel === null || !['cpio', EMULATOR].every((command) => runs(command, '--version'))) {
    throw new Refusal(`instructions are counted in an emulated machine, which is not installed: ${INSTALL}`);
  }
  const writable = [built, ...(out === null ? [] : [out])];
  for (const path of writable) mkdirSync(path, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-guest-'));
  try {
    const files = packFiles(folder, kernel, writable);
    const { status } = spawnSync(EMULATOR, emulation(kernel, files, writable), {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    // The guest ends by writing its exit code to a device, of which QEMU makes an odd one.
    return status === null ? 1 : status >> 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns the newest kernel whose image and modules are both there. */
function findKernel(): Kernel | null {
  const images = existsSync('/boot') ? readdirSync('/boot').filter((name) => name.startsWith('vmlinuz-')) : [];
  for (const name of images.sort().toReversed()) {
    const release = name.slice('vmlinuz-'.length);
    const modules = findModules(release);
    if (modules !== null) return { image: join('/boot', name), modules };
  }
  return null;
}

function findModules(release: string): readonly string[] | null {
  const show = ['--set-version', release, '--show-depends', ...['--all', ...MODULES]];
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin` };
  const { status, stdout } = spawnSync('modprobe', show, { encoding: 'utf8', env });
  if (status !== 0) return null;
  return [...new Set([...stdout.matchAll(/^insmod (\S+)/gm)].flatMap(([, path]) => path ?? []))];
}

/** Makes the guest's first file system. @returns its path */
function packFiles(folder: string, { modules }: Kernel, writable: readonly string[]): string {
  const files = join(folder, 'files');
  mkdirSync(files);
  copyFileSync(compile('guest/init.c', '-static'), join(files, 'init'));
  for (const path of modules) copyFileSync(path, join(files, basename(path)));
  writeFileSync(join(files, 'modules'), modules.map((path) => `/${basename(path)}\n`).join(''));
  writeFileSync(join(files, 'command'), commandLine());
  writeFileSync(join(files, 'writable'), writable.map((path, index) => `w${index} ${path}\n`).join(''));
  const archive = join(folder, 'files.cpio');
  execFileSync('sh', ['-c', `find . | cpio --create --format=newc --quiet > ${quote(archive)}`], { cwd: files });
  return archive;
}

/** The suite's own command, as a shell in the guest takes it. */
function commandLine(): string {
  const { PATH = '', HOME = '/', FDMUX_CACHE } = process.env;
  const cache = FDMUX_CACHE === undefined ? [] : [`FDMUX_CACHE=${FDMUX_CACHE}`];
  const parameters = process.argv.slice(1).filter((word) => word !== '--instructions');
  const command = [
    'env',
    `${INSIDE_GUEST}=1`,
    `PATH=${PATH}`,
    `HOME=${HOME}`,
    ...cache,
    process.execPath,
    ...parameters,
  ];
  return `cd ${quote(root)} && exec ${command.map(quote).join(' ')}`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function emulation({ image }: Kernel, files: string, writable: readonly string[]): readonly string[] {
  const share = (tag: string, path: string, ...more: readonly string[]) => [
    '-virtfs',
    ['local', `path=${path}`, `mount_tag=${tag}`, 'security_model=none', 'multidevs=remap', ...more].join(','),
  ];
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
    // One nanosecond for each instruction, and no waiting when the guest has nothing to do. Without a source of chance
    // in the processor, and with all programs at fixed addresses, one run is like another.
    ...['-accel', 'tcg,thread=single,tb-size=512', '-icount', 'shift=0,sleep=off', '-smp', '1', '-m', MEMORY],
    ...['-cpu', 'max,-rdrand,-rdseed', '-kernel', image, '-initrd', files],
    ...['-append', 'console=ttyS0 quiet panic=-1 norandmaps nokaslr mitigations=off'],
    ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
    ...share('host', '/', 'readonly=on'),
    ...writable.flatMap((path, index) => share(`w${index}`, path)),
  ];
}
