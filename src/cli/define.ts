/**
 * What a command's file exports: a function that adds arguments, options, examples and the action to a command that has its name.
 * It runs nothing by itself.
 */
import type { Command } from "commander";
import type { Terminal } from "./terminal.ts";

export type Define = (command: Command, terminal: Terminal) => void;
