/**
 * A WAL segment that fills: `NAME.partial`, of its full size from the first byte on, and `NAME` once it is whole and on stable storage.
 * What a file of a run before holds stays where nothing new is written: it is the same WAL.
 */
import { type FileHandle, open, rename } from "node:fs/promises";
import { join } from "node:path";

export class SegmentFile {
  readonly #folder: string;
  readonly #name: string;
  readonly #handle: FileHandle;

  private constructor(folder: string, name: string, handle: FileHandle) {
    this.#folder = folder;
    this.#name = name;
    this.#handle = handle;
  }

  static async open(folder: string, name: string, bytes: number): Promise<SegmentFile> {
    const path = join(folder, `${name}.partial`);
    const handle = await open(path, "r+").catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      return open(path, "wx+", 0o600);
    });
    try {
      await handle.truncate(bytes);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new SegmentFile(folder, name, handle);
  }

  async write(bytes: Buffer, offset: number): Promise<void> {
    for (let done = 0; done < bytes.length; )
      done += (await this.#handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }

  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  /** It is whole. */
  async finish(): Promise<void> {
    await this.#handle.sync();
    await this.close();
    await rename(join(this.#folder, `${this.#name}.partial`), join(this.#folder, this.#name));
    const folder = await open(this.#folder, "r");
    await folder.sync().finally(() => folder.close());
  }

  async close(): Promise<void> {
    // The second time there is nothing to close.
    await this.#handle.close().catch(() => undefined);
  }
}
