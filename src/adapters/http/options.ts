/**
 * What the composition root tells the HTTP adapter: who may come, which hosts a pack knows, how one is reached, and who keeps credentials.
 * It does not read configuration, and knows no provider by name.
 */
import type { Clock } from "../../base/clock.ts";
import type { RandomBytes, SessionId } from "../../base/ids.ts";
import type { SqlContext } from "../../model/action.ts";
import type { Filled, FoundIn, RefusedHere, Taken } from "../../model/brokered.ts";
import type { HttpRequest } from "../../model/http-request.ts";
import type { Principal, Target } from "../../model/principal.ts";
import type { RefusalForm } from "../../model/refusal-form.ts";
import type { Approvals } from "../../pipeline/approvals-port.ts";
import type { Guard } from "../../pipeline/guard.ts";
import type { Resolve } from "./addresses.ts";
import type { CrowdLimits } from "./crowd.ts";
import type { SessionAuthority } from "./certificates/session-authority.ts";
import type { HeaderPair, ReadHead } from "./codec/headers.ts";

/** One run, as its proxy credentials showed it. */
export interface Caller {
  readonly principal: Principal;
  readonly target: Target;
  readonly context: SqlContext;
  /** Signs for the hosts that are intercepted, and is trusted by this run alone. */
  readonly authority: SessionAuthority;
  /** Why it may not go on, in a clause; asked before each request. Never rejects. */
  readonly barred: () => Promise<string | undefined>;
}

/** A host that a pack knows: its requests are read, and every other's are not. */
export interface PackedHost {
  readonly provider: string;
  /** Names of headers that carry the provider's credential, lower case. */
  readonly authSlots: readonly string[];
  /** Headers that do not go on: clients tell of themselves there, anew at each call. */
  readonly clientHeaders?: readonly string[];
  /** How the provider's clients read errors: the first that fits the request. */
  readonly refusals?: readonly RefusalForm[];
  /** The host itself does not say whose it is: an operator did. */
  readonly assigned?: true;
}

export type { Filled, Taken };

/** Looks at every byte of answers, so that what was put in does not come back. */
export interface Redaction {
  header(value: string): string;
  /** What may go on of what came so far; the rest is kept until more comes. */
  step(chunk: Buffer): Buffer;
  end(): Buffer;
}

/** What a message on an open connection brings with it. */
export type TakenMessage =
  | { readonly kind: "found"; readonly slot: string }
  | {
      readonly kind: "clean";
      /** As it is judged and shown. */
      readonly judged: string;
      /** Of what opens a connection: the placeholder as a request would carry it. */
      readonly header?: HeaderPair;
      /** With the secrets in their places. A text alone says why they are not to be had. Never rejects. */
      readonly sent: () => FilledMessage | string | Promise<FilledMessage | string>;
    };

export interface FilledMessage {
  readonly text: string;
  /** What must not come back. */
  readonly secrets: readonly string[];
}

export interface BrokerMessage {
  readonly packed: PackedHost;
  readonly host: string;
  readonly text: string;
  /** By its protocol it is where credentials stand: JSON. */
  readonly opening: boolean;
}

export interface Broker {
  take(caller: Caller, request: BrokerRequest): Taken;
  message(caller: Caller, message: BrokerMessage): TakenMessage;
  /** What stands in the trailers of a request that has no place there; `packed` where the host is one of a pack. */
  trailers(packed: Pick<PackedHost, "authSlots"> | undefined, trailers: readonly HeaderPair[]): FoundIn | RefusedHere | undefined;
  /** Whether the text holds any secret that the broker keeps. */
  holdsSecret(bytes: Buffer): boolean;
  redaction(secrets: readonly string[]): Redaction;
  /** Who holds this placeholder, where a client cannot say who it is in another way. */
  holder(headers: readonly HeaderPair[]): Caller | undefined;
}

export interface BrokerRequest {
  readonly packed: PackedHost;
  readonly host: string;
  readonly method: string;
  /** Path and query in the form that is sent. */
  readonly target: string;
  readonly headers: readonly HeaderPair[];
  /** How its body ends, as its head says. */
  readonly framing?: ReadHead["framing"];
  /** Made by Holdfast for a request that was looked at before, whose credential it shows. */
  readonly own?: true;
}

/** A request of Holdfast itself, to a host of the same provider; the secret is put in on the way. */
export interface OwnAsked {
  readonly method: string;
  readonly host: string;
  /** Path and query. */
  readonly target: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Beside the credential. */
  readonly headers?: readonly HeaderPair[];
}

export interface OwnReply {
  readonly status: number;
  /** Without the secret, should it come back. */
  readonly text: string;
}

export interface Identifying {
  readonly caller: Caller;
  readonly session: SessionId;
  readonly request: HttpRequest;
  /** A sentence where nothing came back. Never rejects. */
  readonly ask: (asked: OwnAsked) => Promise<OwnReply | string>;
}

/** What the things are that a request would change, asked of their provider before it is judged. */
export interface Things {
  /** The request with what is known of its things; itself where nothing is to be asked. Never rejects. */
  identify(asked: Identifying): Promise<HttpRequest>;
  /** What the provider says that a held request would do, a sentence each; empty where it offers nothing. Never rejects. */
  preview(asked: Identifying): Promise<readonly string[]>;
}

/** Where a host really is, where an operator said so. */
export interface Route {
  readonly host: string;
  readonly port: number;
  /** PEM, beside those that are trusted anyway. */
  readonly ca?: string;
}

export interface HttpOptions {
  /** What one login may have at once. */
  readonly perLogin: CrowdLimits;
  readonly listen: { readonly host: string; readonly port: number };
  readonly guard: Guard;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly broker: Broker;
  /** Absent: nobody can be asked, and what is held is refused. */
  readonly approvals?: Approvals;
  /** Resolves with a reason where they do not open anything. Never rejects. */
  readonly login: (user: string, password: string) => Promise<Caller | string>;
  /** `host` with its port where that is not 443. */
  readonly packOf: (host: string) => PackedHost | undefined;
  /** Hosts of a provider's name in reverse mode: `/railway/...` leads to the first. */
  readonly hostOfProvider: (provider: string) => string | undefined;
  /** The form in which a request is judged; a refusal is one clause. */
  readonly canonical: (url: string) => { readonly target: string } | { readonly refused: string };
  /** Whether a call of gRPC only reads, whatever its messages say. */
  readonly readsByPath: (request: Omit<HttpRequest, "body">) => boolean;
  readonly route: (host: string) => Route | undefined;
  /** Paths of the rows in the answer to a request that carries SQL; `undefined` where they could not be counted. */
  readonly rowsOf: (request: HttpRequest) => readonly string[] | undefined;
  readonly resolve: Resolve;
  /** Absent: a request is judged by itself alone. */
  readonly things?: Things;
  /** Told of what somebody should look at: a credential that should not be there. */
  readonly alarm: (found: FoundCredential) => void;
  /** Told of a request for a token that Holdfast answered itself. */
  readonly tokenAnswered: (answered: Omit<FoundCredential, "slot"> & { readonly credential: string; readonly status: number }) => void;
}

export interface FoundCredential {
  readonly session: SessionId;
  readonly caller: Caller;
  readonly provider: string;
  readonly host: string;
  readonly slot: string;
}
