/**
 * The words of the scan: what a found credential says about itself, and what the rules that find it look like.
 * No value here holds a secret; the one thing that can give it out is the closure that a trial of a login needs.
 */

/** One credential at one place. JSON of it holds no secret: functions are not written. */
export interface Credential {
  /** As the walker gave it, relative to what was scanned. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** The rule that found it. */
  readonly rule: string;
  readonly kind: string;
  /** Characters of the secret. */
  readonly length: number;
  /** Four hexadecimal digits of a salted digest: tells equal secrets of one run, and nothing more. */
  readonly fingerprint: string;
  /** What its holder could destroy, going by its kind; absent where the kind alone does not reach that far. */
  readonly destroys?: string;
  /** A PostgreSQL login that can be tried. */
  readonly login?: PostgresLogin;
}

export interface PostgresLogin {
  readonly host: string;
  readonly port: number;
  readonly role: string;
  readonly database: string;
  readonly tls: "disable" | "prefer" | "require";
  /** A closure, so that no print of this value can show it. */
  readonly password: () => string;
}

/** A file as the rules see it. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** Something that a rule takes for a secret, before placeholders and overlaps are sorted out. Never leaves `src/scan`. */
export interface Candidate {
  /** Offsets into the text, end exclusive. */
  readonly start: number;
  readonly end: number;
  readonly secret: string;
  readonly rule: string;
  readonly kind: string;
  readonly destroys?: string;
  readonly login?: PostgresLogin;
}

/**
 * Texts that a rule must find and must not find. `{base62:36}` and the like stand for generated characters (test/scan/expand.ts),
 * so that nothing in the repository looks like a secret to other scanners.
 */
export interface Examples {
  readonly hits: readonly string[];
  readonly misses: readonly string[];
}

/** A token that is known by its own shape, wherever it stands. */
export interface TokenShape {
  readonly id: string;
  readonly kind: string;
  /** One of these stands, as written, in every text that holds such a token: looked for before the expression is tried. */
  readonly marks: readonly string[];
  /** Source of the regular expression for the whole token. No word character stands before or after it. */
  readonly shape: string;
  /** For tokens that carry a sum of themselves, or say in themselves what they are. */
  readonly accept?: (token: string) => boolean;
  /** A token of this shape is public where this stands in the same file. */
  readonly unless?: RegExp;
  readonly destroys?: string;
  readonly examples: Examples;
}

/** A value that only the name it is given tells: `RAILWAY_TOKEN=...`. */
export interface NamedValue {
  readonly id: string;
  readonly kind: string;
  /** Tried on the name in lower case, with `_` between its words. */
  readonly name: RegExp;
  readonly value: RegExp;
  readonly destroys?: string;
  readonly examples: Examples;
}

/** A file where a program keeps its logins: what stands under these names there is a secret, however weak it is. */
export interface TokenStore {
  readonly id: string;
  readonly kind: string;
  /** Tried on the path with `/` between its parts. */
  readonly path: RegExp;
  /** Tried like the name of a NamedValue; the one group, where there is one, is not used. */
  readonly name: RegExp;
  readonly destroys?: string;
  /** `path` and `text` of each. */
  readonly examples: {
    readonly hits: readonly (readonly [path: string, text: string])[];
    readonly misses: readonly (readonly [path: string, text: string])[];
  };
}

/** A way of saying a secret in a command, a query or a header: `mysql -p...`, `PASSWORD '...'`. */
export interface Phrase {
  readonly id: string;
  readonly kind: string;
  readonly marks: RegExp;
  /** The group `secret` is the secret. */
  readonly phrase: RegExp;
  readonly accept?: (secret: string) => boolean;
  readonly destroys?: string;
  readonly examples: Examples;
}
