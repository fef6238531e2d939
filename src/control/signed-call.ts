/**
 * One request that takes a person: asks the socket for a challenge, signs exactly this request for exactly this socket, sends it.
 * The passphrase is the caller's to wipe; what is signed is what the caller made, whatever the socket says.
 */
import { resolve } from "node:path";
import { type Challenge, signatureHeaders } from "./authority-port.ts";
import { type Call, callControl } from "./client.ts";
import { signRequest } from "./sign-request.ts";

export interface Signing {
  readonly socketPath: string;
  readonly person: string;
  readonly passphrase: Uint8Array;
}

/** Rejects as `callControl` does, and when the challenge is not to be trusted. */
export async function signedCall({ socketPath, person, passphrase }: Signing, call: Call): Promise<unknown> {
  const { method, path, body = null } = call;
  const challenge = (await callControl(socketPath, { method: "POST", path: "/v1/challenges", body: { person } })) as Challenge;
  const signed = await signRequest({ person, passphrase, challenge, gateway: resolve(socketPath), method, path, body });
  const headers = {
    [signatureHeaders.person]: encodeURIComponent(signed.person),
    [signatureHeaders.nonce]: signed.nonce,
    [signatureHeaders.signature]: signed.signature,
  };
  return callControl(socketPath, { ...call, headers });
}
