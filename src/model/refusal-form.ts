/**
 * The form in which a provider's clients read a refusal: as they read the provider's own errors, so that they show its sentence to whoever
 * runs them. Data; the proxy writes it.
 */

/**
 * In texts `{message}` is the whole sentence with what to do, `{reason}` the code of the reason, `{status}` the status, and `{id}` the
 * approval that is asked for, or `holdfast`. A text that is `{status}` alone is a number.
 */
export type FormValue = string | number | boolean | null | readonly FormValue[] | { readonly [name: string]: FormValue };

export interface RefusalForm {
  /** All of them must fit. Absent: any request. */
  readonly when?: {
    readonly host?: RegExp;
    /** Path and query as they came. */
    readonly path?: RegExp;
    readonly header?: readonly [name: string, value: RegExp];
  };
  /** In place of any other, where clients ask again by themselves after some: but not where nothing was sent for want of a connection. */
  readonly status?: number;
  /** Absent: JSON. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `json` stands beside our own words, which are its `error` where it has none of its own. In `xml` values are escaped. */
  readonly body:
    | { readonly json: { readonly [name: string]: FormValue } }
    | { readonly xml: string }
    | { readonly text: string }
    | { readonly cbor: Readonly<Record<string, string>> };
}
