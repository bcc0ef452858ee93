// Whether a process still turns its event loop. It beats once a second; its supervisor counts how many of its own turns have gone by
// without a beat. Pure; what is done about silence is the supervisor's (ADR 0036).
//
//  B1  by turns     Time is the supervisor's turns, each of which ends after what had arrived by then was read. One that was stopped or busy
//                   itself has not counted meanwhile, and accuses nobody of it.
//  B2  silent       A running process is silent after `missedMax` turns without a beat, and heard again with the next beat. Each is told
//                   once, alternately.
//  B3  starting     Before it runs it is never silent: loading a large file may take one long turn of its loop.
//  B4  wedged       A process is wedged after `wedgedAfter` turns without a beat, starting or running. Told once.
//  B5  its own      Every process is counted from its own start.

/** Turns without a beat. */
export interface BeatLimits {
  readonly missedMax: number;
  readonly wedgedAfter: number;
}

/** What a process beats at, and its supervisor counts at (ms). */
export const beatEveryMs = 1_000;

export const beatLimits: BeatLimits = { missedMax: 5, wedgedAfter: 30 };

export interface Beats {
  readonly running: boolean;
  /** Turns since the last beat, or since the start of the process. */
  readonly missed: number;
  readonly silent: boolean;
}

export type BeatInput = "beat" | "running" | "turn";
/** What has become known by it. */
export type BeatNews = "silent" | "heard" | "wedged" | undefined;

export const newBeats: Beats = { running: false, missed: 0, silent: false };

export function stepBeats(beats: Beats, input: BeatInput, limits: BeatLimits = beatLimits): readonly [Beats, BeatNews] {
  switch (input) {
    case "beat":
      return [{ ...beats, missed: 0, silent: false }, beats.silent ? "heard" : undefined];
    case "running": // it has said so itself, which is a sign of life
      return [{ running: true, missed: 0, silent: false }, undefined];
    case "turn":
    default:
      return counted(beats, limits);
  }
}

function counted({ running, missed: before, silent: known }: Beats, { missedMax, wedgedAfter }: BeatLimits): readonly [Beats, BeatNews] {
  const missed = Math.min(before + 1, wedgedAfter + 1);
  const silent = running && missed >= missedMax;
  const news = missed === wedgedAfter ? "wedged" : silent && !known ? "silent" : undefined;
  return [{ running, missed, silent }, news];
}
