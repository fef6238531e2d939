/**
 * The sandbox's first program: opens the ports inside that lead to the session, starts the agent's program, and ends with its exit code.
 * It guards nothing: the agent may end it, and then reaches nothing at all.
 */
import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { constants } from "node:os";
import { openDoor } from "./sandbox-door.ts";

const [ports = "", sockets = "", file = "", ...args] = process.argv.slice(2);
const signalsFd = 3;

// Without a network of its own the program reaches the session where it is.
for (const [at, path] of (ports === "" ? [] : sockets.split(",")).entries())
  await openDoor({ host: "127.0.0.1", port: Number(ports.split(",")[at]) }, { path });
const keep = () => undefined;
// An interrupt from the keyboard reaches the program by itself: this one waits for what it does with it.
process.on("SIGINT", keep).on("SIGQUIT", keep);
const child = spawn(file, args, { stdio: "inherit" });
// Signals to the outside come as names, because nothing outside can send one to a process in here by its number.
// A socket, because a file's read would keep this process from ending.
const signals = new Socket({ fd: signalsFd, readable: true, writable: false });
signals.on("data", (text) => {
  for (const name of String(text).split("\n")) if (name in constants.signals) child.kill(name as NodeJS.Signals);
});
signals.on("error", keep);
child.once("error", (error: NodeJS.ErrnoException) => {
  process.stderr.write(`error: \`${file.replace(/[^\x20-\x7e]/g, "?")}\` cannot be run: ${error.code ?? error.message}\n`);
  process.exit(1);
});
child.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
