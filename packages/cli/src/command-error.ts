// Why a command was not carried out, as a sentence for the person who typed it. What the platform itself fails with is a
// `Failure`; this is for what only the command line knows.

export class CommandError extends Error {
  override readonly name = "CommandError";
  /** 2: the command line itself is wrong. 1: it is right, and could not be carried out. */
  readonly exitCode: 1 | 2;
  /** What was named is not on the node that was asked: another node of its service may have it. */
  readonly elsewhere: boolean;

  constructor(what: string, init: { readonly exitCode?: 1 | 2; readonly elsewhere?: boolean; readonly cause?: unknown } = {}) {
    super(what, init.cause === undefined ? {} : { cause: init.cause });
    this.exitCode = init.exitCode ?? 1;
    this.elsewhere = init.elsewhere ?? false;
  }
}

export const usageError = (what: string): CommandError => new CommandError(what, { exitCode: 2 });

const reasons: { readonly [code: string]: string } = {
  EACCES: "this user may not",
  EPERM: "this user may not",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of the path is a file",
  ENAMETOOLONG: "the path is too long",
  ELOOP: "the path runs in a circle of links",
  EMFILE: "too many files are open",
};

/** What the operating system objects to, in words where we have any, with its own code for searching. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error.message;
  const reason = reasons[code];
  return reason === undefined ? error.message : `${reason} (${code})`;
}
