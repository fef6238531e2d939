/**
 * Requests that take a person: shows the terms, asks for the person's passphrase unseen, signs, sends. And those that take nobody.
 * The terms come from this command line, never from the socket: what is shown is what is signed.
 */
import { userInfo } from "node:os";
import { Option, type Command } from "commander";
import { passphraseBytes } from "../base/passphrase-key.ts";
import { type Call, callControl, NoGateway, Refused } from "../control/client.ts";
import { signedCall } from "../control/signed-call.ts";
import { causeText, CliError, failed } from "./errors.ts";
import { visible } from "./output.ts";
import { canType, fromDescriptor, typed } from "./passphrase.ts";
import { configOption, stateOf } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface SocketOptions {
  readonly config?: string;
  readonly socket?: string;
  readonly json?: boolean;
}

export interface PersonOptions extends SocketOptions {
  readonly as?: string;
  readonly passphraseFd?: string;
}

export function socketOptions(command: Command): Command {
  return command
    .addOption(configOption())
    .addOption(new Option("--socket <path>", "the control socket (default: in the config's state directory)").env("HOLDFAST_CONTROL"))
    .option("--json", "print one JSON object");
}

export function personOptions(command: Command): Command {
  return socketOptions(command)
    .option("--as <person>", "the registered person who decides (default: the account's name)")
    .option("--passphrase-fd <n>", "read that person's passphrase from this file descriptor");
}

export async function socketOf(options: SocketOptions, terminal: Terminal): Promise<string> {
  return options.socket ?? (await stateOf(options.config, terminal)).controlSocket;
}

/** Fails with what the gateway said and what to do. */
export async function ask(options: SocketOptions, call: Call, terminal: Terminal): Promise<unknown> {
  const socketPath = await socketOf(options, terminal);
  return callControl(socketPath, call).catch((error: unknown) => Promise.reject(toldError(error)));
}

/** `terms` are shown before the passphrase is asked for: who signs must see what. */
export async function askAsPerson(options: PersonOptions, call: Call, terms: string, terminal: Terminal): Promise<unknown> {
  return askAsPersonInTurn(options, call, (answer) => Promise.resolve(answer), terms, terminal);
}

/** `go` gets the first call's answer and may sign another call with the same passphrase, whose terms were shown before too. */
export async function askAsPersonInTurn<T>(
  options: PersonOptions,
  call: Call,
  go: (answer: unknown, sign: (call: Call) => Promise<unknown>) => Promise<T>,
  terms: string,
  terminal: Terminal,
): Promise<T> {
  const socketPath = await socketOf(options, terminal);
  const person = options.as ?? userInfo().username;
  if (options.passphraseFd === undefined && !canType(terminal))
    throw failed("this takes a person, and nobody can be asked here", "run it on a terminal, or give --passphrase-fd N");
  terminal.err(terms);
  const passphrase =
    options.passphraseFd === undefined
      ? await typed(`Passphrase of ${visible(person)}: `, terminal)
      : passphraseBytes(fromDescriptor(options.passphraseFd, "--passphrase-fd").toString("utf8"));
  try {
    const sign = (each: Call): Promise<unknown> => signedCall({ socketPath, person, passphrase }, each);
    return await go(await sign(call), sign);
  } catch (error) {
    throw toldError(error);
  } finally {
    passphrase.fill(0);
  }
}

export function toldError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof NoGateway) {
    const other = error.code === "EACCES";
    return failed(
      error.message,
      other ? "it belongs to another account: ask as the account that runs the gateway" : "start it: holdfast up",
    );
  }
  if (error instanceof Refused) return failed(visible(error.message), error.next === undefined ? undefined : visible(error.next));
  return failed(causeText(error));
}
