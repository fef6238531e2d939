/**
 * Bodies of signed requests on their way: the client's signatures are verified and ours put in their place while the bytes pass.
 * Nothing is held but the chunk that is being verified.
 */
import { createHash } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import { type Chain, ChunkChain, ChunkVerifier } from "./chunk-chain.ts";
import { BodyRefused, ChunkFrames, type FrameForm, type FrameSink } from "./chunk-frames.ts";

/** A chunk whose signature stands before it is held whole until it is verified. */
const CHUNK_BYTES_MAX = 8 * 1024 * 1024;

/** The same bytes but for the signatures in them, which are as long. Destroyed with {@link BodyRefused} where the client's do not hold. */
export function rechained(theirs: Chain, ours: Chain, form: FrameForm, decodedBytes: number | undefined): Transform {
  const out: Buffer[] = [];
  const chain = new ChunkChain(ours);
  const verified = verifying(theirs, form, decodedBytes, {
    chunk: (size, data) => {
      out.push(Buffer.from(`${size};chunk-signature=${chain.next(data)}\r\n`, "latin1"));
      if (data.length > 0) out.push(data, Buffer.from("\r\n"));
    },
    end: (trailers) => {
      const signed = form.trailers ? chain.trailers(trailers) : [];
      out.push(Buffer.from(`${signed.map((line) => `${line}\r\n`).join("")}\r\n`, "latin1"));
    },
  });
  return framed(verified, () => out.splice(0));
}

/** As it is, while it is looked at: chunks that nobody signed, with trailers. */
export function framesHeld(form: FrameForm, decodedBytes: number | undefined): Transform {
  const frames = new ChunkFrames(form, counted(decodedBytes, {}));
  const passed: Buffer[] = [];
  const both = {
    push: (bytes: Buffer): void => {
      frames.push(bytes);
      passed.push(bytes);
    },
    end: (): void => frames.end(),
  };
  return framed(both, () => passed.splice(0));
}

/** As it is; its last bytes go only when its hash is the one that was signed. */
export function hashHeld(hash: string): Transform {
  const digest = createHash("sha256");
  let last: Buffer = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _, done: TransformCallback) {
      digest.update(chunk);
      const before = last;
      last = chunk;
      done(null, before.length === 0 ? undefined : before);
    },
    flush(done: TransformCallback) {
      if (digest.digest("hex") !== hash) return done(new BodyRefused("its body is not the one that was signed"));
      done(null, last.length === 0 ? undefined : last);
    },
  });
}

/** What the chunks of a whole body hold, `theirs` verified where they are signed. Throws {@link BodyRefused}. */
export function unwrapped(body: Buffer, form: FrameForm, decodedBytes: number | undefined, theirs: Chain | undefined): Buffer {
  const data: Buffer[] = [];
  const frames =
    theirs === undefined
      ? new ChunkFrames(form, counted(decodedBytes, { data: (bytes) => void data.push(bytes) }))
      : verifying(theirs, form, decodedBytes, { chunk: (_, bytes) => void data.push(bytes), end: () => undefined });
  frames.push(body);
  frames.end();
  return Buffer.concat(data);
}

interface VerifiedSink {
  /** Verified; `size` as it was written. */
  chunk(size: string, data: Buffer): void;
  /** Without the signature that was among them. */
  end(trailers: readonly string[]): void;
}

function verifying(theirs: Chain, form: FrameForm, decodedBytes: number | undefined, sink: VerifiedSink): ChunkFrames {
  const verifier = new ChunkVerifier(theirs);
  const trailers: string[] = [];
  let [size, signature] = ["", ""];
  let held: Buffer[] = [];
  return new ChunkFrames(
    form,
    counted(decodedBytes, {
      chunk: (bytes, told, signed = "") => {
        if (bytes > CHUNK_BYTES_MAX) throw new BodyRefused(`a signed chunk of it is longer than ${CHUNK_BYTES_MAX} bytes`);
        [size, signature] = [told, signed];
      },
      data: (bytes) => void held.push(bytes),
      chunkEnd: () => {
        const data = Buffer.concat(held);
        held = [];
        verifier.next(data, signature);
        sink.chunk(size, data);
      },
      trailer: (line) => void trailers.push(line),
      end: () => sink.end(form.trailers ? verifier.trailers(trailers) : []),
    }),
  );
}

/** What is announced as its length once unwrapped is what readers on the way believe. */
function counted(decodedBytes: number | undefined, inner: Partial<FrameSink>): FrameSink {
  let told = 0;
  const differs = (): never => {
    throw new BodyRefused("its chunks hold another number of bytes than its `x-amz-decoded-content-length`");
  };
  return {
    chunk: (bytes, size, signature) => {
      told += bytes;
      if (decodedBytes !== undefined && told > decodedBytes) differs();
      inner.chunk?.(bytes, size, signature);
    },
    data: (bytes) => inner.data?.(bytes),
    chunkEnd: () => inner.chunkEnd?.(),
    trailer: (line) => inner.trailer?.(line),
    end: () => {
      if (decodedBytes !== undefined && told !== decodedBytes) differs();
      inner.end?.();
    },
  };
}

function framed(frames: Pick<ChunkFrames, "push" | "end">, taken: () => readonly Buffer[]): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done: TransformCallback) {
      try {
        frames.push(chunk);
      } catch (error) {
        return done(error as Error);
      }
      for (const piece of taken()) this.push(piece);
      done();
    },
    flush(done: TransformCallback) {
      try {
        frames.end();
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}
