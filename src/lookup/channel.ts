/** Between the thread that talks to strangers and the thread of the lookup: heads and questions go in, answers come out. @module */
import type { Head } from '../core/checkpoint.ts';
import type { FaultCode } from '../core/fault.ts';
import type { QuestionName } from './questions.ts';

/** One end of a channel: a `Worker`, a `MessagePort`, or anything alike. */
export type Port = {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
};

export type PublishedHead = Head & { readonly note: Uint8Array };

export type ToLookup =
  | { readonly type: 'published'; readonly head: PublishedHead }
  | { readonly type: 'ask'; readonly ticket: number; readonly name: QuestionName; readonly params: object }
  | { readonly type: 'stop' };

export type FromLookup =
  /** Sent first when the thread can answer, and whenever it covers more. */
  | { readonly type: 'covers'; readonly size: number }
  | { readonly type: 'answer'; readonly ticket: number; readonly body: string }
  | { readonly type: 'fault'; readonly ticket: number; readonly code: FaultCode; readonly message: string }
  /** What went wrong here, for the operator. */
  | { readonly type: 'trouble'; readonly message: string };
