/**
 * The browser's passkeys: options as the server gives them in JSON, answers as it takes them. Written out here because older browsers lack
 * the conversions. It decides nothing about what is asked.
 */

interface Described {
  readonly id: string;
  readonly type: "public-key";
  readonly transports?: readonly AuthenticatorTransport[];
}

/** `PublicKeyCredentialCreationOptionsJSON`, as far as it is used. */
export interface CreationOptions {
  readonly challenge: string;
  readonly rp: PublicKeyCredentialRpEntity;
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly pubKeyCredParams: readonly PublicKeyCredentialParameters[];
  readonly timeout?: number;
  readonly excludeCredentials?: readonly Described[];
  readonly authenticatorSelection?: AuthenticatorSelectionCriteria;
  readonly attestation?: AttestationConveyancePreference;
}

/** `PublicKeyCredentialRequestOptionsJSON`. */
export interface RequestOptions {
  readonly challenge: string;
  readonly timeout?: number;
  readonly rpId?: string;
  readonly allowCredentials?: readonly Described[];
  readonly userVerification?: UserVerificationRequirement;
}

/** What the server takes: every field base64url. */
export type CredentialJson = Readonly<Record<string, unknown>>;

export function passkeysExist(): boolean {
  return typeof PublicKeyCredential === "function" && navigator.credentials !== undefined;
}

/** Rejects with a plain sentence where the person said no, or the authenticator failed. */
export async function createPasskey(options: CreationOptions): Promise<CredentialJson> {
  const { excludeCredentials = [], pubKeyCredParams, ...rest } = options;
  const publicKey: PublicKeyCredentialCreationOptions = {
    ...rest,
    pubKeyCredParams: [...pubKeyCredParams],
    challenge: bytesOf(options.challenge),
    user: { ...options.user, id: bytesOf(options.user.id) },
    excludeCredentials: excludeCredentials.map(described),
  };
  const made = await navigator.credentials.create({ publicKey }).catch(explain);
  const { credential, response } = answered(made);
  if (!(response instanceof AuthenticatorAttestationResponse)) throw new Error("the authenticator gave an answer of another kind");
  return {
    ...credential,
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      attestationObject: textOf(response.attestationObject),
      transports: response.getTransports(),
    },
  };
}

export async function signWithPasskey(options: RequestOptions): Promise<CredentialJson> {
  const { allowCredentials = [], ...rest } = options;
  const publicKey: PublicKeyCredentialRequestOptions = {
    ...rest,
    challenge: bytesOf(options.challenge),
    allowCredentials: allowCredentials.map(described),
  };
  const made = await navigator.credentials.get({ publicKey }).catch(explain);
  const { credential, response } = answered(made);
  if (!(response instanceof AuthenticatorAssertionResponse)) throw new Error("the authenticator gave an answer of another kind");
  const { userHandle } = response;
  return {
    ...credential,
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      authenticatorData: textOf(response.authenticatorData),
      signature: textOf(response.signature),
      ...(userHandle === null ? {} : { userHandle: textOf(userHandle) }),
    },
  };
}

function answered(made: Credential | null): { credential: CredentialJson; response: AuthenticatorResponse } {
  if (!(made instanceof PublicKeyCredential)) throw new Error("the browser gave no passkey");
  const { id, rawId, type, authenticatorAttachment, response } = made;
  const attached = authenticatorAttachment === null ? {} : { authenticatorAttachment };
  return {
    credential: { id, rawId: textOf(rawId), type, ...attached, clientExtensionResults: made.getClientExtensionResults() },
    response,
  };
}

/** What browsers throw here is written for programmers. */
function explain(error: unknown): never {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") throw new Error("no passkey was used: it was declined, or the time for it ran out");
  if (name === "InvalidStateError") throw new Error("this authenticator is registered already");
  if (name === "SecurityError")
    throw new Error("the browser allows no passkey at this address: open the console at its own name, over https or at localhost");
  throw new Error(`the passkey failed: ${error instanceof Error ? error.message : name}`);
}

function described({ id, type, transports }: Described): PublicKeyCredentialDescriptor {
  return { id: bytesOf(id), type, ...(transports === undefined ? {} : { transports: [...transports] }) };
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function textOf(buffer: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
