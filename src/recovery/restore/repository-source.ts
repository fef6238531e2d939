/**
 * A backup of the repository as a restore reads it: each file held against the digest that its manifest has while it goes by.
 * It writes nothing into the repository.
 */
import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import type { StoredFile } from "../backup/manifest.ts";
import type { Repository, StoredBackup } from "../backup/repository.ts";
import { RestoreFailed } from "./restore-failed.ts";
import type { RestoreSource, SourceFile } from "./source.ts";

export function repositorySource(repository: Repository, target: string, stored: StoredBackup): RestoreSource {
  const { backup, files } = stored.manifest;
  const archive = repository.wal(target);
  const physical = files.some(({ what }) => what === "base");
  return {
    backup,
    files: files.map((file) => sourceFile(repository, stored, file)),
    ...(physical ? { wal: { read: (name) => archive.read(name) } } : {}),
  };
}

function sourceFile(repository: Repository, stored: StoredBackup, file: StoredFile): SourceFile {
  const { what, of, plainBytes } = file;
  return {
    what,
    ...(of === undefined ? {} : { of }),
    plainBytes,
    open: () => {
      const due = digesting();
      try {
        const plain = repository.read(stored, file, [due.stream]);
        const last = new Transform({
          transform: (chunk: Buffer, _, done) => done(null, chunk),
          flush: (done) => done(due.problem(file)),
        });
        plain.on("error", (error) => last.destroy(error));
        return Promise.resolve(plain.pipe(last));
      } catch (error) {
        return Promise.reject(new RestoreFailed("backup", `\`${file.name}\` cannot be read`, error));
      }
    },
  };
}

/** Looks at the bytes as they lie in the repository. */
function digesting(): { readonly stream: Transform; readonly problem: (file: StoredFile) => Error | null } {
  const digest = createHash("sha256");
  let bytes = 0;
  const stream = new Transform({
    transform: (chunk: Buffer, _, done) => {
      digest.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const problem = ({ name, bytes: due, sha256 }: StoredFile) => {
    if (bytes !== due) return new Error(`\`${name}\` has ${bytes} bytes, and the manifest says ${due}`);
    return digest.digest("hex") === sha256 ? null : new Error(`\`${name}\` is not what was stored: its SHA-256 is another`);
  };
  return { stream, problem };
}
