/**
 * Reads the log's records of persons in order and holds each signature in them against its text and, where the log tells whose key is
 * which, against the person's key: who asked for what, who answered which plan, and that nothing was used without.
 * It needs nothing but the records: no vault, no store, no gateway.
 */
import type { ApprovalAnswer } from "../model/approval.ts";
import type { AuditEvent } from "../model/event.ts";
import { proofProblem } from "./answer-proof.ts";
import type { ApprovalTerms } from "./passkey-evidence.ts";
import { signatureFits, statementText } from "./signed-statement.ts";

export interface PersonFigures {
  /** Requests that only a person may make, with a signature that holds. */
  readonly requests: number;
  /** Answers to plans, by what proves them. */
  readonly answers: { readonly signature: number; readonly passkey: number; readonly login: number };
  /** Uses of an approval that stand on enough answers. */
  readonly uses: number;
  /** Signatures that hold, by keys that the log does not tell the owner of: it began before Holdfast wrote them down. */
  readonly unknownKeys: number;
}

interface Question extends ApprovalTerms {
  readonly quorum: number;
  readonly strength: "signature" | "passkey";
  /** The last answer of each person that is proven. */
  readonly answers: Map<string, ApprovalAnswer>;
}

type Of<K extends AuditEvent["kind"]> = Extract<AuditEvent, { kind: K }>;

/** Questions that are open or lately over: far more than persons answer. */
const questionsMax = 100_000;

export class PersonsReader {
  readonly #keys = new Map<string, string>();
  readonly #passkeys = new Map<string, { readonly person: string; readonly publicKey: string; readonly rpId: string }>();
  readonly #questions = new Map<string, Question>();
  readonly #answers = { signature: 0, passkey: 0, login: 0 };
  #keysTold = false;
  #passkeysTold = false;
  #requests = 0;
  #uses = 0;
  #unknownKeys = 0;

  /** What is wrong with the record, in a sentence; `null` where nothing is, or it is of something else. Never throws. */
  step(event: AuditEvent): string | null {
    try {
      return this.#step(event) ?? null;
    } catch {
      return `the record of a person (\`${event.kind}\`) is not one`;
    }
  }

  figures(): PersonFigures {
    return { requests: this.#requests, answers: { ...this.#answers }, uses: this.#uses, unknownKeys: this.#unknownKeys };
  }

  #step(event: AuditEvent): string | undefined {
    switch (event.kind) {
      case "vault_opened":
      case "vault_changed":
        return this.#registered(event);
      case "passkey_registered":
        this.#passkeys.set(event.credential, event);
        return undefined;
      case "passkey_removed":
        this.#passkeys.delete(event.credential);
        return undefined;
      case "person_attempt":
        return event.accepted ? this.#request(event) : undefined;
      case "approval_asked":
        return this.#asked(event);
      case "approval_answered":
        return this.#answered(event);
      case "approval_used":
        return this.#used(event);
      default:
        return undefined;
    }
  }

  #registered({ keys, passkeys }: Of<"vault_opened" | "vault_changed">): undefined {
    this.#keysTold = keys !== undefined;
    this.#passkeysTold = passkeys !== undefined;
    this.#keys.clear();
    for (const { person, publicKey } of keys ?? []) this.#keys.set(person, publicKey);
    if (passkeys === undefined) return;
    this.#passkeys.clear();
    for (const passkey of passkeys) this.#passkeys.set(passkey.credential, passkey);
  }

  #request({ person, gateway, method, path, nonce, bodyDigest, signature, publicKey }: Of<"person_attempt">): string | undefined {
    if (nonce === undefined || bodyDigest === undefined || signature === undefined || publicKey === undefined)
      return `a request of \`${person}\` was accepted without a signature`;
    const statement = statementText({ gateway, person, nonce, method, path, bodyDigest });
    if (!signatureFits(statement, publicKey, signature)) return `the signature of \`${person}\` over ${method} ${path} does not hold`;
    this.#requests += 1;
    return this.#keyProblem(person, publicKey);
  }

  #asked({ approval, actDigest, planDigest, nonce, quorum, strength }: Of<"approval_asked">): string | undefined {
    const known = this.#questions.get(approval);
    if (known !== undefined) {
      // Another gateway on the same store asks the same once more, or it was asked before a crash.
      const same = known.actDigest === actDigest && known.planDigest === planDigest && known.nonce === nonce;
      return same ? undefined : `approval \`${approval}\` is asked a second time, about something else`;
    }
    this.#questions.set(approval, { actDigest, planDigest, nonce, quorum, strength, answers: new Map() });
    const [oldest] = this.#questions.keys();
    if (this.#questions.size > questionsMax && oldest !== undefined) this.#questions.delete(oldest);
    return undefined;
  }

  #answered(event: Of<"approval_answered">): string | undefined {
    const { approval, planDigest, person, evidence } = event;
    const question = this.#questions.get(approval);
    const whose = `the answer of \`${person}\` to approval \`${approval}\``;
    if (question === undefined) return `${whose} is to a question that the log does not hold`;
    if (question.planDigest !== planDigest) return `${whose} is to another plan than was asked about`;
    const problem = proofProblem(approval, question, event);
    if (problem !== undefined) return `${whose} is not proven: ${problem}`;
    const first = !question.answers.has(person) || question.answers.get(person)?.answer !== event.answer;
    question.answers.set(person, event);
    // Told again where another gateway uses it.
    if (first) this.#answers[evidence.kind] += 1;
    if (evidence.kind === "signature") return this.#keyProblem(person, evidence.publicKey);
    if (evidence.kind === "login") return undefined;
    const known = this.#passkeys.get(evidence.credential);
    if (known === undefined && !this.#passkeysTold) {
      this.#unknownKeys += 1;
      return undefined;
    }
    const own = known !== undefined && known.person === person && known.publicKey === evidence.publicKey && known.rpId === evidence.rpId;
    return own ? undefined : `${whose} is signed by a passkey that is not the person's in the log`;
  }

  #used({ approval, planDigest }: Of<"approval_used">): string | undefined {
    const question = this.#questions.get(approval);
    if (question === undefined || question.planDigest !== planDigest) return `approval \`${approval}\` is used, and was never asked for so`;
    const answers = [...question.answers.values()];
    const carried = answers.filter(
      ({ answer, evidence }) => answer === "approve" && (question.strength !== "passkey" || evidence.kind === "passkey"),
    );
    if (carried.length < Math.max(1, question.quorum))
      return `approval \`${approval}\` is used on ${carried.length} proven answers, and takes ${question.quorum}`;
    if (answers.some(({ answer }) => answer === "deny")) return `approval \`${approval}\` is used, and a person had said no`;
    this.#uses += 1;
    return undefined;
  }

  #keyProblem(person: string, publicKey: string): string | undefined {
    const known = this.#keys.get(person);
    if (known === publicKey) return undefined;
    if (known !== undefined || this.#keysTold) return `\`${person}\` signed with a key that is not the person's in the log`;
    this.#unknownKeys += 1;
    return undefined;
  }
}
