/** The four systems that the package brings a binary for. The oldest glibc is that of Node.js's own binaries. */
export const targets = [
  { arch: 'x64', libc: 'glibc', zig: 'x86_64-linux-gnu.2.28' },
  { arch: 'x64', libc: 'musl', zig: 'x86_64-linux-musl' },
  { arch: 'arm64', libc: 'glibc', zig: 'aarch64-linux-gnu.2.28' },
  { arch: 'arm64', libc: 'musl', zig: 'aarch64-linux-musl' },
];

/** Where a target's binary lies in the package. */
export const binaryPath = ({ arch, libc }) => `prebuilds/linux-${arch}/fdmux.${libc}.node`;
