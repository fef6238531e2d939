/**
 * The file operations that the audit log needs, as a port, so that each can be made to fail in tests; and the real ones.
 * It does not know what is in the files.
 */
import { constants, fdatasync, statSync, write as writeCallback } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, truncate } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A file that only grows. */
export interface AppendFile {
  /** Resolves when the bytes are on stable storage. After a rejection nobody knows whether they are. */
  append(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** All names are plain file names inside the log's directory. */
export interface LogFiles {
  list(): Promise<readonly string[]>;
  /** The whole file, or `null` when there is none. For the small files only. */
  read(name: string): Promise<Buffer | null>;
  /** Bytes of the file; 0 when there is none. */
  size(name: string): Promise<number>;
  /** The file from `offset` on, in pieces. */
  stream(name: string, offset: number): AsyncIterable<Buffer>;
  /** Opens for appending; a new file's name is durable when this resolves. */
  openAppend(name: string): Promise<AppendFile>;
  /** Puts the whole content in place at once; durable when it resolves. */
  replace(name: string, bytes: Uint8Array): Promise<void>;
  /** Cuts the file to `size` bytes, durably. */
  cut(name: string, size: number): Promise<void>;
}

const pieceBytes = 1024 * 1024;

/** The real files of `directory`, which is made when missing (mode 0700). */
export async function directoryFiles(directory: string): Promise<LogFiles> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = (name: string): string => join(directory, name);
  return {
    list: async () => (await readdir(directory)).sort(),
    read: (name) => readFile(path(name)).catch(absentIsNull),
    size: (name) =>
      stat(path(name)).then(
        (s) => s.size,
        (error: NodeJS.ErrnoException) => absentIsNull(error) ?? 0,
      ),
    stream: (name, offset) => pieces(path(name), offset),
    openAppend: (name) => openAppend(path(name)),
    async replace(name, bytes) {
      const temporary = path(`${name}.new`);
      await rm(temporary, { force: true });
      const handle = await open(temporary, "wx", 0o600);
      await handle
        .writeFile(bytes)
        .then(() => handle.sync())
        .finally(() => handle.close());
      await rename(temporary, path(name));
      await syncDirectory(directory);
    },
    async cut(name, size) {
      await truncate(path(name), size);
      const handle = await open(path(name), "r+");
      await handle.sync().finally(() => handle.close());
    },
  };
}

async function* pieces(path: string, offset: number): AsyncGenerator<Buffer> {
  const handle = await open(path, "r");
  try {
    for (let at = offset; ; ) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

// On Linux one O_DSYNC write is a write and an fdatasync in a single call to the thread pool; elsewhere they are two.
const synchronous = process.platform === "linux" ? constants.O_DSYNC : 0;

async function openAppend(path: string): Promise<AppendFile> {
  const handle = await open(path, constants.O_CREAT | constants.O_WRONLY | constants.O_APPEND | synchronous, 0o600);
  await syncDirectory(dirname(path));
  const { ino, size: sizeBefore } = await handle.stat();
  let size = sizeBefore;
  return {
    append: (bytes) =>
      writeAll(handle, bytes, () => {
        size += bytes.length;
        demandInPlace(path, ino, size);
      }),
    close: () => handle.close(),
  };
}

/** Callbacks, and one promise: this is the one write of the hot path. `written` may throw; it rejects then. */
function writeAll(handle: FileHandle, bytes: Uint8Array, written: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const durable = (error: Error | null): void => {
      try {
        if (error !== null) throw error;
        written();
        resolve();
      } catch (cause) {
        reject(cause);
      }
    };
    const from = (at: number): void =>
      writeCallback(handle.fd, bytes, at, bytes.length - at, null, (error, count) => {
        if (error !== null) reject(error);
        else if (at + count < bytes.length) from(at + count);
        else if (synchronous === 0) fdatasync(handle.fd, durable);
        else durable(null);
      });
    from(0);
  });
}

/**
 * What was written to a file that was removed, moved or cut meanwhile is kept nowhere: it must not count as durable. In this thread, as the
 * kernel has the answer at hand after the write: two microseconds, where a way to the thread pool and back takes 50.
 */
function demandInPlace(path: string, ino: number, size: number): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new Error("its file was removed or moved: ENOENT");
  if (found.ino !== ino) throw new Error("another file was put in the place of its file");
  if (found.size !== size) throw new Error("its file was cut, or written by somebody else");
}

async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return; // Windows cannot sync a directory.
  const handle = await open(directory, "r");
  await handle.sync().finally(() => handle.close());
}

function absentIsNull(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
