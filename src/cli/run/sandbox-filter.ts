/**
 * The system-call filter of the sandbox, as the kernel's BPF bytes: what namespaces do not keep apart.
 * It allows everything else; files, network and processes are the namespaces' matter.
 */

/** What is refused, and why: numbers from the kernel's tables of system calls for each architecture. */
interface Machine {
  /** AUDIT_ARCH_* of linux/audit.h. */
  readonly audit: number;
  readonly ioctl: number;
  readonly socket: number;
  /** add_key, request_key, keyctl: keyrings are no namespace's, and hold logins. io_uring_setup: its calls pass no filter. */
  readonly refused: readonly number[];
}

const machines: Readonly<Record<string, Machine>> = {
  x64: { audit: 0xc000003e, ioctl: 16, socket: 41, refused: [248, 249, 250, 425] },
  arm64: { audit: 0xc00000b7, ioctl: 29, socket: 198, refused: [217, 218, 219, 425] },
};

/** Type into the terminal that the sandbox was started from, as the person would: TIOCSTI and TIOCLINUX. */
const typingRequests = [0x5412, 0x541c];
/** Sockets to the machine that this one is a guest of. They know no network namespace. */
const AF_VSOCK = 40;
/** On x64, calls of the x32 table bear this bit: another way to the same calls. */
const X32_BIT = 0x40000000;

const EPERM = 1;
const RET_ALLOW = 0x7fff0000;
const RET_KILL_PROCESS = 0x80000000;
const RET_ERRNO = 0x00050000;
const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const RETURN = 0x06;

/** Offsets in `struct seccomp_data`. An argument's low half, which is all the kernel reads of these two, comes first on both machines. */
const at = { call: 0, machine: 4, argument0: 16, argument1: 24 };

interface Instruction {
  readonly code: number;
  /** Instructions to pass over when true and when false. */
  readonly yes?: number;
  readonly no?: number;
  readonly k: number;
}

/** `undefined` for a machine whose calls this file does not know. `arch` as Node.js names it. */
export function systemCallFilter(arch: string): Uint8Array | undefined {
  const machine = machines[arch];
  if (machine === undefined) return undefined;
  const refuse: Instruction = { code: RETURN, k: RET_ERRNO | EPERM };
  const allow: Instruction = { code: RETURN, k: RET_ALLOW };
  const program: readonly Instruction[] = [
    { code: LOAD, k: at.machine },
    { code: JUMP_EQUAL, k: machine.audit, yes: 1 },
    { code: RETURN, k: RET_KILL_PROCESS },
    { code: LOAD, k: at.call },
    { code: JUMP_AT_LEAST, k: X32_BIT, no: 1 },
    refuse,
    ...machine.refused.flatMap((k): Instruction[] => [{ code: JUMP_EQUAL, k, no: 1 }, refuse]),
    { code: JUMP_EQUAL, k: machine.ioctl, no: 2 + 2 * typingRequests.length },
    { code: LOAD, k: at.argument1 },
    ...typingRequests.flatMap((k): Instruction[] => [{ code: JUMP_EQUAL, k, no: 1 }, refuse]),
    allow,
    { code: JUMP_EQUAL, k: machine.socket, no: 3 },
    { code: LOAD, k: at.argument0 },
    { code: JUMP_EQUAL, k: AF_VSOCK, no: 1 },
    refuse,
    allow,
  ];
  return bytesOf(program);
}

/** `struct sock_filter`, eight bytes each, little-endian as both machines are. */
function bytesOf(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(({ code, yes = 0, no = 0, k }, index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(yes, index * 8 + 2);
    bytes.writeUInt8(no, index * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  });
  return bytes;
}
